"""Handing people over as a file."""
