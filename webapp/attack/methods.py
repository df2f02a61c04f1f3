"""Methods that no page has."""

from typing import Final

from webapp.attack.http import NoAnswer, Site
from webapp.attack.verdict import Verdict, judged

_METHODS: Final = ("TRACE", "PUT", "DELETE", "PATCH", "CONNECT", "PROPFIND")
_MARK: Final = "echoed-by-trace"


async def refused(site: Site) -> Verdict:
    """Other methods than those of the page are refused, and nothing is echoed."""
    faults = []
    for method in _METHODS:
        for path in ("/sign-in", "/users"):
            try:
                answer = await site.ask(method, path, {"X-Mark": _MARK, "Sec-Fetch-Site": "same-origin"})
            except NoAnswer:
                continue  # CONNECT and the like may end at a proxy
            if answer.status not in {400, 403, 405, 501}:
                faults.append(f"{method} {path} is answered with {answer.status}.")
            if answer.holds(_MARK):
                faults.append(f"{method} {path} echoes the request.")
    return judged(faults, f"{', '.join(_METHODS)} are refused.")
