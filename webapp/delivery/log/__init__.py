"""The mail log: what became of each letter, and of the requests that led to none."""
