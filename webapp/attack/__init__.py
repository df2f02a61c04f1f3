"""Attacks that an installation can run against itself without harm; `postern doctor --attack` runs them."""
