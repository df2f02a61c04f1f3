"""How often somebody may do something, counted exactly even when they do it many times at once."""

import hashlib
import hmac
from dataclasses import dataclass
from datetime import datetime
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Final, Protocol

from webapp.clock import Clock

NOWHERE: Final = "unknown"
"""The network of a client without an IP address, such as one on a Unix socket."""

_SITES: Final = {4: 24, 6: 48}
"""The prefix of what one customer of a provider has, who may call from any network in it."""
_NAT64: Final = IPv6Network("64:ff9b::/96")


class Counter(Protocol):
    """Counts events in fixed windows that start at multiples of their length since the epoch."""

    async def add(
        self, key: str, window_seconds: int, now: datetime, amount: int = 1, *, about: int | None = None
    ) -> int:
        """Add to the count of the key's window that holds ``now``; return the new count, in one atomic step.

        ``about`` is the id of the person whose events they are, if they are a person's.
        """
        ...


@dataclass(frozen=True, slots=True)
class Limit:
    """At most ``limit`` events of one subject in a window. The name tells limits apart in the counter."""

    name: str
    limit: int
    window_seconds: int

    def __post_init__(self) -> None:
        """Raise ValueError for a limit that nothing could be counted against."""
        if not self.name or self.limit < 0 or self.window_seconds < 1:
            raise ValueError(f"not a usable limit: {self!r}")


@dataclass(frozen=True, slots=True)
class Allowed:
    """Within the limit; ``remaining`` more events fit into this window."""

    remaining: int


@dataclass(frozen=True, slots=True)
class Refused:
    """Over the limit until the window ends, in ``retry_after_seconds`` (at least 1)."""

    retry_after_seconds: int


class Throttle:
    """Counts subjects (names, addresses, networks) against limits.

    Windows are fixed, so that twice the limit fits into a stretch of one window's length across a boundary.
    """

    def __init__(self, counter: Counter, clock: Clock, key: bytes) -> None:
        self._counter = counter
        self._clock = clock
        self._key = key

    async def count(
        self,
        limit: Limit,
        subject: str,
        amount: int = 1,
        *,
        place: str = "",
        about: int | None = None,
        at: datetime | None = None,
    ) -> Allowed | Refused:
        """Count one event, or ``amount`` of them; refused events count too.

        It counts first and compares afterwards: of any number of simultaneous calls exactly ``limit`` are allowed.
        ``place`` counts what a subject does in one place by itself. ``about`` is kept with the count: the id of the
        person whose subject it is. ``at`` (aware) is when it happened, if not now: an
        event that is taken back with ``-1`` has to come off the window that it was counted in.
        """
        now = at or self._clock()
        key = self.key_of(limit, subject, place)
        total = await self._counter.add(key, limit.window_seconds, now, amount, about=about)
        if total <= limit.limit:
            return Allowed(limit.limit - total)
        return Refused(limit.window_seconds - int(now.timestamp()) % limit.window_seconds)

    def key_of(self, limit: Limit, subject: str, place: str = "") -> str:
        """The counter's key for a subject, at most 132 characters longer than the limit's name.

        Names and addresses cannot be read from it, nor be compared between limits. The keys of one subject in all
        places begin with its key in none.
        """
        key = f"{limit.name}:{self._hidden(limit, subject)}"
        return f"{key}:{self._hidden(limit, place)}" if place else key

    def _hidden(self, limit: Limit, text: str) -> str:
        return hmac.digest(self._key, f"{limit.name}\0{text}".encode("utf-8", "surrogatepass"), hashlib.sha256).hex()


def network_of(address: str) -> str:
    """Who counts as one client: an IPv4 address, or the /64 of an IPv6 address.

    IPv4-mapped (RFC 4291) and NAT64 (RFC 6052) addresses count as the IPv4 address inside; a zone id is dropped.
    Whatever is no IP address shares one network, ``unknown``.
    """
    try:
        found = ip_address(address.strip().partition("%")[0])
    except ValueError:
        return NOWHERE
    if isinstance(found, IPv6Address):
        inner = found.ipv4_mapped
        if inner is None and found in _NAT64:
            inner = IPv4Address(int(found) & 0xFFFFFFFF)
        if inner is None:
            return str(IPv6Network((found, 64), strict=False))
        return str(inner)
    return str(found)


def site_of(network: str) -> str:
    """The larger part of the internet that a network, as ``network_of`` gives it, lies in: an IPv4 /24 or an IPv6 /48.

    For what all networks have in common, and one site must not use up.
    """
    try:
        found = ip_network(network)
    except ValueError:
        return network
    return str(found.supernet(new_prefix=_SITES[found.version]))
