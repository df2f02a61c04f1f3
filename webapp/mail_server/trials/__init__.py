"""Trying the mail server out with a letter: the values on the screen, the test, and what came of it."""
