"""From a letter's kind and parameters to a message."""
