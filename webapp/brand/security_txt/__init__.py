"""`/.well-known/security.txt`: whom to tell of a fault in this installation (RFC 9116)."""
