"""Handing a link and a code to a person from their page."""
