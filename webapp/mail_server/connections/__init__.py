"""Connecting to the mail server without sending a letter."""
