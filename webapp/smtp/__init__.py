"""The mail server: reaching it, testing it, handing letters to it.

Knows nothing of users, forms, keys or the database.
"""
