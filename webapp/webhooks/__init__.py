"""Telling other systems what mail cannot tell: that mail is broken."""
