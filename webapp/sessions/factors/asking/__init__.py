"""The page that asks for the second factor at sign-in."""
