"""Host, Forwarded and X-Forwarded-*: whatever they say, no answer repeats it (CVE-2023-49097, CVE-2026-48710)."""

from collections.abc import Mapping
from typing import Final

from webapp.attack.http import NoAnswer, Site
from webapp.attack.verdict import Verdict, judged

ELSEWHERE: Final = "poisoned.invalid"
_LIES: Final[tuple[Mapping[str, str], ...]] = (
    {"Host": ELSEWHERE},
    {"Forwarded": f"host={ELSEWHERE};proto=https;for=192.0.2.1"},
    {"X-Forwarded-Host": ELSEWHERE, "X-Forwarded-Proto": "https", "X-Forwarded-Server": ELSEWHERE},
    {"X-Host": ELSEWHERE, "X-Original-URL": f"https://{ELSEWHERE}/", "X-Rewrite-URL": f"https://{ELSEWHERE}/"},
    {"X-Forwarded-Prefix": f"//{ELSEWHERE}", "X-Forwarded-Path": f"//{ELSEWHERE}"},
)
_PAGES: Final = ("/sign-in", "/password-reset", "/password-reset/sent", "/users", "/no-such-page")
_MALFORMED: Final = ("a b", "localhost/evil?", f"user@{ELSEWHERE}", f"localhost#{ELSEWHERE}", "[::1", "localhost:port")


async def poisoned(site: Site) -> Verdict:
    """A lying header appears in no page and no redirect."""
    faults = []
    for lie in _LIES:
        named = ", ".join(lie)
        for page in _PAGES:
            try:
                answer = await site.get(page, lie)
            except NoAnswer:
                continue  # a proxy that ends the connection repeats nothing
            if answer.holds(ELSEWHERE):
                faults.append(f"GET {page} repeats what {named} says.")
    return judged(faults, f"{len(_LIES) * len(_PAGES)} requests with lying headers, and none was believed.")


async def malformed(site: Site) -> Verdict:
    """A Host that is none is refused, and so are two of them, or none at all."""
    faults = []
    for host in _MALFORMED:
        try:
            answer = await site.get("/users", {"Host": host})
        except NoAnswer:
            continue
        if not 400 <= answer.status < 500:
            faults.append(f"The Host {host!r} is answered with {answer.status}.")
    ends = b"Connection: close\r\n\r\n"
    ours = f"Host: {site.origin.authority}\r\n".encode()
    requests = {"no Host": b"", "two Hosts": ours + f"Host: {ELSEWHERE}\r\n".encode()}
    for name, lines in requests.items():
        try:
            answer = await site.send_raw(b"GET /users HTTP/1.1\r\n" + lines + ends)
        except NoAnswer:
            continue
        if not 400 <= answer.status < 500:
            faults.append(f"A request with {name} is answered with {answer.status}.")
    return judged(faults, "A malformed, a missing and a doubled Host are refused.")
