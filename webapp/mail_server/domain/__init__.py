"""What the sender's domain says in the name service about its mail."""
