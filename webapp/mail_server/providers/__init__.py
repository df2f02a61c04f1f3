"""Known providers: recognising them in the form, and filling it in for them."""
