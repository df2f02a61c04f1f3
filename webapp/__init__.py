"""Postern: the console that gets people who forgot their password back in."""
