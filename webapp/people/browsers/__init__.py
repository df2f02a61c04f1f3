"""The browsers in which a person is signed in."""
