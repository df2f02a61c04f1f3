"""Which known provider a host, an address or a mail exchanger belongs to."""

import re
from collections.abc import Iterable, Sequence
from functools import cache

from webapp.smtp.presets import PRESETS, Preset
from webapp.smtp.resolve import ascii_host


def by_key(key: str) -> Preset | None:
    """The preset of this name."""
    return next((preset for preset in PRESETS if preset.key == key), None)


def by_host(host: str) -> Preset | None:
    """The provider whose server this is."""
    name = _plain(host)
    return next((preset for preset in PRESETS if _matches(name, (preset.host, *preset.hosts), "[^.]+")), None)


def by_domain(domain: str) -> Preset | None:
    """The provider of mail addresses in this domain."""
    name = _plain(domain)
    return next((preset for preset in PRESETS if name in preset.domains), None)


def by_address(address: str) -> Preset | None:
    """The provider that gives out such mail addresses."""
    _, at, domain = address.rpartition("@")
    return by_domain(domain) if at else None


def by_exchangers(names: Sequence[str]) -> Preset | None:
    """The provider where mail for a domain arrives, by the domain's MX hosts, the preferred one first."""
    for name in map(_plain, names):
        for preset in PRESETS:
            if _matches(name, preset.mx, ".+"):
                return preset
    return None


def _plain(name: str) -> str:
    return (ascii_host(name) or "").lower()


def _matches(name: str, patterns: Iterable[str], star: str) -> bool:
    return bool(name) and any(_pattern(pattern, star).fullmatch(name) for pattern in patterns)


@cache
def _pattern(pattern: str, star: str) -> re.Pattern[str]:
    return re.compile(re.escape(pattern).replace(r"\*", star))
