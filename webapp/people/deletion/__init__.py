"""Deleting a person for a while, and restoring one."""
