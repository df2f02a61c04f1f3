"""The mail server's settings and their test."""
