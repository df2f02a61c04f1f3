"""How far a job is, and what became of each row."""
