"""Advice on a password while it is typed."""
