"""Why somebody cannot get in."""
