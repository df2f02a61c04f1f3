"""Sign-in, sign-out and browser sessions."""
