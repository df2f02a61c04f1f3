"""This was not me: the link in notices that freezes the account."""
