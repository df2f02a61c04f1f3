"""From a host's name to the addresses to dial, and which of them may be dialled at all."""

import asyncio
import re
import socket
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Final

import dns.exception
import dns.name

from webapp.text import Message, message

ADDRESSES_LIMIT: Final = 8
"""Addresses of one host that are tried."""

Lookup = Callable[[str, int], Awaitable[Sequence[str]]]
"""Finds the IP addresses of (host name or IP address, port), in any order. Raises socket.gaierror if there are none."""

Dial = Callable[[str, int, float], Awaitable[socket.socket]]
"""Opens a TCP connection to (IP address, port) within so many seconds: a non-blocking socket.

Raises OSError if there is no connection, TimeoutError (which is one) if there is none in time.
"""

_METADATA: Final = frozenset(
    ip_address(text)
    for text in (
        "100.100.100.200",  # Alibaba Cloud
        "168.63.129.16",  # Azure's platform channel
        "192.0.0.192",  # Oracle Cloud
        "fd00:42::42",  # Scaleway
        "fd00:ec2::254",  # Amazon
        "fd20:ce::254",  # Google Cloud
    )
)
"""Cloud metadata services outside the link-local networks."""

_NEVER: Final = tuple(
    ip_network(text)
    for text in (
        *("0.0.0.0/8", "169.254.0.0/16", "224.0.0.0/4", "240.0.0.0/4", "fe80::/10", "ff00::/8"),
        "64:ff9b:1::/48",  # leads to an IPv4 address that only its own network knows (RFC 8215)
    )
)
"""This network, link-local, multicast and reserved."""

_NAT64: Final = IPv6Network("64:ff9b::/96")
_COMPATIBLE: Final = IPv6Network("::/96")


@dataclass(frozen=True, slots=True)
class Egress:
    """Where Postern may connect to. Whoever may edit the mail server must not turn its test into a port scanner."""

    ports: frozenset[int]
    private: bool = True
    """Whether loopback, private and other non-public addresses may be dialled. Link-local and metadata addresses never
    are.
    """

    def check(self, address: str, port: int) -> Message | None:
        """Why this address and port may not be dialled, or None if they may.

        An IPv4 address inside an IPv6 one (mapped, compatible, NAT64, 6to4, Teredo) is judged as well.
        """
        if refusal := self.check_port(port):
            return refusal
        try:
            ip = ip_address(address.partition("%")[0])
        except ValueError:
            return message("%(address)s is not an IP address.", address=address)
        for judged in _unwrapped(ip):
            if _never(judged):
                return message(
                    "%(address)s is link-local, multicast or cloud metadata: never allowed.", address=address
                )
            if not self.private and not judged.is_global:
                return message("%(address)s is not public, and only public addresses are allowed.", address=address)
        return None

    def check_port(self, port: int) -> Message | None:
        """Why this port may not be dialled, or None if it may."""
        if port in self.ports:
            return None
        return message("Port %(port)s is not among the ports that this installation may connect to.", port=port)


def _never(ip: IPv4Address | IPv6Address) -> bool:
    networks: tuple[IPv4Network | IPv6Network, ...] = _NEVER
    return ip in _METADATA or ip.is_unspecified or any(ip in network for network in networks)


def _unwrapped(ip: IPv4Address | IPv6Address) -> list[IPv4Address | IPv6Address]:
    """The address to judge, and every IPv4 address that it carries."""
    if isinstance(ip, IPv4Address):
        return [ip]
    if ip.ipv4_mapped:
        return [ip.ipv4_mapped]
    inner: list[IPv4Address | IPv6Address] = [ip]
    if ip.sixtofour:
        inner.append(ip.sixtofour)
    if ip.teredo:
        inner.extend(ip.teredo)
    low = IPv4Address(int(ip) & 0xFFFF_FFFF)
    if ip in _NAT64 or (ip in _COMPATIBLE and int(ip) > 1):
        inner.append(low)
    if int(ip) >> 32 & 0xFDFF_FFFF == 0x5EFE:  # ISATAP, RFC 5214
        inner.append(low)
    return inner


_NOT_IN_HOSTS: Final = re.compile(r"[\x00-\x20\x7f/@\\?#\[\]]|\s")


class Unresolved(StrEnum):
    """Why a host has no address to dial."""

    MALFORMED = "malformed"
    UNKNOWN = "unknown"
    UNAVAILABLE = "unavailable"
    """The name service could not be asked, or did not answer; it may later."""


async def look_up(name: str, port: int) -> list[str]:
    """The real name service: see Lookup."""
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(name, port, type=socket.SOCK_STREAM, proto=socket.IPPROTO_TCP)
    return [str(sockaddr[0]) for *_, sockaddr in found]


async def resolve(host: str, port: int, lookup: Lookup = look_up) -> tuple[str, ...] | Unresolved:
    """The host's IP addresses, IPv6 before IPv4, without repeats; an IP address is its own answer.

    The caller dials exactly these: a name is looked up once, so that it cannot change between check and connect.
    """
    name = ascii_host(host)
    if name is None:
        return Unresolved.MALFORMED
    try:
        found = await lookup(name, port)
    except socket.gaierror as error:
        unknown = {socket.EAI_NONAME, getattr(socket, "EAI_NODATA", socket.EAI_NONAME)}
        return Unresolved.UNKNOWN if error.errno in unknown else Unresolved.UNAVAILABLE
    except UnicodeError:
        return Unresolved.MALFORMED
    except OSError:
        return Unresolved.UNAVAILABLE
    addresses = [address.partition("%")[0] for address in found]
    # Sorting is stable: within a family the name service's order stands.
    ordered = sorted(dict.fromkeys(addresses), key=lambda address: ":" not in address)
    return tuple(ordered[:ADDRESSES_LIMIT]) or Unresolved.UNKNOWN


def ascii_host(host: str) -> str | None:
    """The host as DNS and TLS know it, internationalised names in A-labels (RFC 5890); None if it cannot be a host."""
    text = host.strip().rstrip(".")
    if text.startswith("[") and text.endswith("]"):
        text = text[1:-1]
    if not text or len(text) > 253 or _NOT_IN_HOSTS.search(text):
        return None
    if text.isascii():
        return text if all(0 < len(label) <= 63 for label in text.split(".")) else None
    try:
        name = dns.name.from_unicode(text, idna_codec=dns.name.IDNA_2008_Practical)
    except (dns.exception.DNSException, UnicodeError):
        return None
    return name.to_text(omit_final_dot=True)


def is_loopback(address: str) -> bool:
    """Whether the IP address is this very machine."""
    ip = ip_address(address.partition("%")[0])
    if isinstance(ip, IPv6Address) and ip.ipv4_mapped:
        return ip.ipv4_mapped.is_loopback
    return ip.is_loopback


async def dial_tcp(ip: str, port: int, timeout_seconds: float) -> socket.socket:
    """The real dialler: see Dial."""
    family = socket.AF_INET6 if ":" in ip else socket.AF_INET
    sock = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        sock.settimeout(0)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        async with asyncio.timeout(timeout_seconds):
            await asyncio.get_running_loop().sock_connect(sock, (ip, port))
    except BaseException:
        sock.close()
        raise
    return sock
