"""Work on many people at once, done beside the pages."""
