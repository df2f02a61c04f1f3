"""Taking people over from a file."""
