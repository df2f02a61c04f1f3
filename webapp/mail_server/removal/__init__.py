"""Doing without a fallback server again."""
