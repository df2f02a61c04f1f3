"""Keys, signed links, passwords, sealed secrets and throttles: plain values in, plain values out."""
