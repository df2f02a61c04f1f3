"""Lists that come with the product, and the scripts that make them."""
