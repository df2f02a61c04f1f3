"""What was saved before, and the way back to it."""
