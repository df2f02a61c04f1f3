"""A small network of the test's own: names and ports that lead to servers on 127.0.0.1."""

import socket
from collections.abc import Mapping, Sequence

from webapp.smtp.resolve import dial_tcp

LOOPBACK = "127.0.0.1"


class Network:
    """Finds the hosts it was told of, and leads their ports to real servers; every other port refuses."""

    def __init__(
        self, servers: Mapping[tuple[str, int], int], *, hosts: Mapping[str, Sequence[str]] | None = None
    ) -> None:
        """``servers`` has for a host's name and port the port on 127.0.0.1 that answers for it."""
        names = dict.fromkeys(name for name, _ in servers)
        self._addresses = {name: [f"192.0.2.{number}"] for number, name in enumerate(names, 1)} | dict(hosts or {})
        self._servers = {
            (address, port): real for (name, port), real in servers.items() for address in self._addresses[name]
        }
        self.dialled: list[tuple[str, int]] = []
        self.asked: list[str] = []

    async def lookup(self, name: str, _port: int) -> Sequence[str]:
        """See webapp.smtp.resolve.Lookup."""
        self.asked.append(name)
        if name not in self._addresses:
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        return self._addresses[name]

    async def dial(self, ip: str, port: int, timeout_seconds: float) -> socket.socket:
        """See webapp.smtp.resolve.Dial."""
        self.dialled.append((ip, port))
        if (ip, port) not in self._servers:
            raise ConnectionRefusedError(111, "Connection refused")
        return await dial_tcp(LOOPBACK, self._servers[ip, port], timeout_seconds)
