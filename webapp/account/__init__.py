"""A person's own account: their address, language and time zone, their browsers, and what has happened."""
