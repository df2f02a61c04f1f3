"""A sample letter, through outbox and worker like any other."""
