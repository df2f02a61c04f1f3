"""Typing the password again: before what matters most, and where a session ended while somebody was typing."""
