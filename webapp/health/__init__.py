"""Whether the mail servers answer: a canary that signs in and sends nothing."""
