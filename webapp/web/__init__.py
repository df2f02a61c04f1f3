"""What knows Starlette, besides endpoints."""
