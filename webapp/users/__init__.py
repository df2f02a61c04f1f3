"""People: the table, search, creating and changing."""
