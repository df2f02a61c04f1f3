"""Cookies: out of scripts' reach, not sent along from elsewhere, bound to the host and to TLS where there is TLS."""

from collections.abc import Callable

from webapp.attack.http import Site
from webapp.attack.verdict import NotTried, Verdict, judged


async def attributes(site: Site) -> Verdict:
    """Every cookie that the run has been given has the attributes it should have."""
    return await _looked_at(site, _wanting)


async def over_tls(site: Site) -> Verdict:
    """Every one of them is sent over TLS alone, and its name says so to browsers."""
    if not site.origin.secure:
        return NotTried("The address is not https: Secure and the prefixes of names cannot be judged.")
    return await _looked_at(site, _loose)


async def _looked_at(site: Site, wanting: Callable[[str, Site], list[str]]) -> Verdict:
    await site.get("/sign-in?language=en")
    if not site.cookies:
        return NotTried("No cookie was set.")
    faults = {f"{_name(cookie)}: {fault}" for cookie in site.cookies for fault in wanting(cookie, site)}
    names = sorted({_name(cookie) for cookie in site.cookies})
    return judged(sorted(faults), f"Looked at {', '.join(names)}.")


def _name(cookie: str) -> str:
    return cookie.partition("=")[0].strip()


def _wanting(cookie: str, site: Site) -> list[str]:
    parts = _parts(cookie)
    faults = []
    if "httponly" not in parts:
        faults.append("HttpOnly is missing.")
    if not {"samesite=lax", "samesite=strict"} & set(parts):
        faults.append("SameSite is neither Lax nor Strict.")
    if any(part.startswith("domain=") for part in parts):
        faults.append("Domain hands it to other hosts.")
    if not site.origin.secure and ("secure" in parts or _prefixed(cookie)):
        faults.append("It asks for TLS, which this address does not have: browsers drop it.")
    return faults


def _loose(cookie: str, _site: Site) -> list[str]:
    faults = [] if "secure" in _parts(cookie) else ["Secure is missing."]
    return faults if _prefixed(cookie) else [*faults, "The prefix __Host- or __Secure- is missing."]


def _parts(cookie: str) -> list[str]:
    return [part.strip().lower() for part in cookie.split(";")[1:]]


def _prefixed(cookie: str) -> bool:
    return _name(cookie).startswith(("__Host-", "__Secure-"))
