"""A mailbox for development."""
