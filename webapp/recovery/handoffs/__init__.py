"""Handoffs: a link and a code, given to somebody whom mail cannot reach."""
