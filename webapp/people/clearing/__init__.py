"""Clearing the second factor of somebody who has lost it."""
