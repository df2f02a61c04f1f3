"""Inviting a person from their page."""
