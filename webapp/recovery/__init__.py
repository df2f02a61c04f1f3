"""The way back in: request, letter, link, new password."""
