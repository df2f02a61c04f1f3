"""Asking an administrator for help, and the inbox in which they find it."""
