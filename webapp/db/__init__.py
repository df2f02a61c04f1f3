"""The database: connecting, migrating, and the few tables that belong to no feature."""
