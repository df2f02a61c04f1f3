"""Letters waiting to be sent."""
