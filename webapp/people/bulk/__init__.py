"""The same change for many people."""
