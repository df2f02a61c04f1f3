"""The terms of an SPF record, and the macros in them (RFC 7208, 4.6, 5, 6 and 7)."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_network
from typing import Final
from urllib.parse import quote

VERSION: Final = "v=spf1"


class Qualifier(StrEnum):
    """What a mechanism that matches means."""

    PASS = "+"  # noqa: S105 - RFC 7208's word
    FAIL = "-"
    SOFTFAIL = "~"
    NEUTRAL = "?"


class BadTerm(ValueError):
    """Raised if a record cannot be understood; holds the term."""

    def __init__(self, term: str) -> None:
        super().__init__(term)
        self.term = term


@dataclass(frozen=True, slots=True)
class Mechanism:
    """One mechanism. ``domain`` is unexpanded and empty for "the current one"."""

    text: str
    qualifier: Qualifier
    name: str
    domain: str = ""
    network: IPv4Network | IPv6Network | None = None
    prefix4: int = 32
    prefix6: int = 128


@dataclass(frozen=True, slots=True)
class Policy:
    """A record, taken apart."""

    mechanisms: tuple[Mechanism, ...]
    redirect: str = ""

    @property
    def ends(self) -> bool:
        """Whether there is an "all", which makes a redirect meaningless (6.1)."""
        return any(each.name == "all" for each in self.mechanisms)


_MECHANISM: Final = re.compile(r"([+?~-]?)(all|include|a|mx|ptr|ip4|ip6|exists)(?=[:/]|$)(.*)", re.IGNORECASE)
_MODIFIER: Final = re.compile(r"([a-z][a-z0-9_.-]*)=(.*)", re.IGNORECASE)
_PREFIXES: Final = re.compile(r"(.*?)(?:/(0|[1-9]\d?))?(?://(0|[1-9]\d{0,2}))?")
_DOMAIN: Final = re.compile(r"(?:%\{[a-z]\d{0,3}r?[.+,/_=-]*\}|%%|%_|%-|[\x21-\x24\x26-\x7e])*", re.IGNORECASE)
_ENDING: Final = re.compile(r".*(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.?|%\{[a-z]\d{0,3}r?[.+,/_=-]*\})", re.IGNORECASE)


def is_policy(text: str) -> bool:
    """Whether a TXT record is an SPF record (4.5)."""
    return text.lower() == VERSION or text.lower().startswith(f"{VERSION} ")


def parse(text: str) -> Policy:
    """Take a record apart. Raises BadTerm: any mistake anywhere makes the whole record void (4.6)."""
    mechanisms: list[Mechanism] = []
    modifiers: dict[str, str] = {}
    for term in text[len(VERSION) :].split():
        if found := _MECHANISM.fullmatch(term):
            mechanisms.append(_mechanism(term, *found.groups()))
        elif found := _MODIFIER.fullmatch(term):
            name, value = found[1].lower(), found[2]
            if name in {"redirect", "exp"}:
                if name in modifiers or not _is_domain(value):
                    raise BadTerm(term)
                modifiers[name] = value
        else:
            raise BadTerm(term)
    return Policy(tuple(mechanisms), modifiers.get("redirect", ""))


def _mechanism(term: str, sign: str, name: str, rest: str) -> Mechanism:
    qualifier, name = Qualifier(sign or "+"), name.lower()
    match name:
        case "all":
            if rest:
                raise BadTerm(term)
            return Mechanism(term, qualifier, name)
        case "ip4" | "ip6":
            return Mechanism(term, qualifier, name, network=_network(term, name, rest))
        case "include" | "exists" | "ptr":
            if not (rest.startswith(":") and _is_domain(rest[1:])) and not (name == "ptr" and not rest):
                raise BadTerm(term)
            return Mechanism(term, qualifier, name, rest[1:])
        case _:
            domain, prefix4, prefix6 = _with_prefixes(term, rest)
            return Mechanism(term, qualifier, name, domain, prefix4=prefix4, prefix6=prefix6)


def _network(term: str, name: str, rest: str) -> IPv4Network | IPv6Network:
    try:
        network = ip_network(rest.removeprefix(":"), strict=False)
    except ValueError:
        raise BadTerm(term) from None
    if not rest.startswith(":") or f"ip{network.version}" != name or "%" in rest:
        raise BadTerm(term)
    return network


def _with_prefixes(term: str, rest: str) -> tuple[str, int, int]:
    found = _PREFIXES.fullmatch(rest)
    if found is None:
        raise BadTerm(term)
    domain, prefix4, prefix6 = found[1], int(found[2] or 32), int(found[3] or 128)
    if prefix4 > 32 or prefix6 > 128 or (domain and not (domain.startswith(":") and _is_domain(domain[1:]))):
        raise BadTerm(term)
    return domain[1:], prefix4, prefix6


def _is_domain(text: str) -> bool:
    return bool(_DOMAIN.fullmatch(text) and _ENDING.fullmatch(text) and len(text) < 1_000)


# ------------------------------------------------------------------------------------------------- macros (section 7)


@dataclass(frozen=True, slots=True)
class Letter:
    """What is known of a letter before it is taken: who sends it, and from where."""

    sender: str
    """The envelope sender, with a domain in A-labels."""
    address: IPv4Address | IPv6Address
    helo: str


_MACRO: Final = re.compile(r"%(?:\{([a-z])(\d{0,3})(r?)([.+,/_=-]*)\}|([%_-]))", re.IGNORECASE)
_LITERALS: Final = {"%": "%", "_": " ", "-": "%20"}
_LONGEST: Final = 253

_VALUES: Final[dict[str, Callable[[Letter, str], str]]] = {
    "s": lambda letter, _: letter.sender,
    "l": lambda letter, _: letter.sender.rpartition("@")[0] or "postmaster",
    "o": lambda letter, _: letter.sender.rpartition("@")[2],
    "d": lambda _, domain: domain,
    "i": lambda letter, _: _dotted(letter.address),
    "p": lambda _letter, _domain: "unknown",  # what a name is worth is not asked: 7.3 allows it
    "v": lambda letter, _: "in-addr" if letter.address.version == 4 else "ip6",
    "h": lambda letter, _: letter.helo,
}


def expand(text: str, letter: Letter, domain: str) -> str:
    """The domain that a term means for this letter. Raises BadTerm for a macro that may not stand there."""

    def value(found: re.Match[str]) -> str:
        name, digits, backwards, delimiters, literal = found.groups()
        if literal:
            return _LITERALS[literal]
        if name.lower() not in _VALUES or (digits and int(digits) == 0):
            raise BadTerm(text)
        parts = re.split(f"[{re.escape(delimiters or '.')}]", _VALUES[name.lower()](letter, domain))
        parts = parts[::-1] if backwards else parts
        joined = ".".join(parts[-int(digits) :] if digits else parts)
        return quote(joined, safe="") if name.isupper() else joined

    expanded = _MACRO.sub(value, text).rstrip(".")
    while len(expanded) > _LONGEST and "." in expanded:
        expanded = expanded.partition(".")[2]
    return expanded


def _dotted(address: IPv4Address | IPv6Address) -> str:
    return str(address) if address.version == 4 else ".".join(address.exploded.replace(":", ""))
