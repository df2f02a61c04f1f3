"""Mail that came back: which letter and which address it speaks of."""
