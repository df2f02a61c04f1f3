"""Invitations: the way in for somebody who never had a password."""
