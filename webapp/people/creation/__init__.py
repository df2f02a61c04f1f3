"""Creating a person."""
