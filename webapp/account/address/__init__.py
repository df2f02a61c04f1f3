"""One's own mail address: another takes its place once a link in a letter to it was confirmed."""
