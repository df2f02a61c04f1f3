"""Whether a test letter arrived: the link in it, and what became of it."""
