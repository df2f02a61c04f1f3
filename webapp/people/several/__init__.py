"""Creating several people at once, from lines that somebody has typed or pasted."""
