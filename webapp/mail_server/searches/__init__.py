"""Finding settings that work, without signing in anywhere."""
