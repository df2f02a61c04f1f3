"""Ports for servers that tests start in processes of their own."""

import secrets
import socket
from typing import Final

_PORTS: Final = range(20_000, 32_768)
"""Below those that Linux gives to whoever dials without naming one: a port that was free is not gone a moment later,
when the connections of another worker of the tests have taken it."""


def free_port() -> int:
    """A TCP port of 127.0.0.1 that nobody listens on now, and that nobody gets by chance."""
    while True:
        port = secrets.choice(_PORTS)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        return port
