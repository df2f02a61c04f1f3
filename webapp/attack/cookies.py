"""Cookies: out of scripts' reach, not sent along from elsewhere, and bound to the host where there is TLS."""

from webapp.attack.http import Site
from webapp.attack.verdict import NotTried, Verdict, judged


async def attributes(site: Site) -> Verdict:
    """Every cookie that the run has been given has the attributes it should have."""
    await site.get("/sign-in?language=en")
    if not site.cookies:
        return NotTried("No cookie was set.")
    faults = {f"{_name(cookie)}: {fault}" for cookie in site.cookies for fault in _wanting(cookie, site)}
    names = sorted({_name(cookie) for cookie in site.cookies})
    return judged(sorted(faults), f"Looked at {', '.join(names)}.")


def _name(cookie: str) -> str:
    return cookie.partition("=")[0].strip()


def _wanting(cookie: str, site: Site) -> list[str]:
    parts = [part.strip().lower() for part in cookie.split(";")[1:]]
    prefixed = _name(cookie).startswith(("__Host-", "__Secure-"))
    faults = []
    if "httponly" not in parts:
        faults.append("HttpOnly is missing.")
    if not {"samesite=lax", "samesite=strict"} & set(parts):
        faults.append("SameSite is neither Lax nor Strict.")
    if any(part.startswith("domain=") for part in parts):
        faults.append("Domain hands it to other hosts.")
    if site.origin.secure and not ("secure" in parts and prefixed):
        faults.append("Secure, or the prefix __Host- or __Secure-, is missing.")
    if not site.origin.secure and ("secure" in parts or prefixed):
        faults.append("It asks for TLS, which this address does not have: browsers drop it.")
    return faults
