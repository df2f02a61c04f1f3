"""What has happened to a person."""
