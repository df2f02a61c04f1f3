"""What may be done with a person's account: opened, shut, unlocked, asked for a new password."""
