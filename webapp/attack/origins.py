"""Forms that another site sends (CSRF): refused before anything happens."""

from collections.abc import Mapping
from typing import Final

from webapp.attack.http import Site
from webapp.attack.names import nobody
from webapp.attack.verdict import Verdict, judged

_FOREIGN: Final[Mapping[str, Mapping[str, str]]] = {
    "a foreign Origin": {"Origin": "https://elsewhere.invalid"},
    "the Origin null": {"Origin": "null"},
    "Sec-Fetch-Site: cross-site": {"Sec-Fetch-Site": "cross-site"},
    "Sec-Fetch-Site: same-site": {"Sec-Fetch-Site": "same-site"},
    "Sec-Fetch-Site: none": {"Sec-Fetch-Site": "none"},
    "neither Origin nor Sec-Fetch-Site": {},
}
_FORMS: Final = ("/sign-in", "/password-reset", "/sign-out", "/users")


async def foreign_forms(site: Site) -> Verdict:
    """A form from another site, a sibling, or nobody knows where is answered with 403 and sets nothing."""
    faults = []
    for name, headers in _FOREIGN.items():
        for path in _FORMS:
            answer = await site.send_form(path, {"identifier": nobody()}, headers)
            if answer.status != 403 or answer.cookies:
                faults.append(f"POST {path} with {name} is answered with {answer.status}.")
    own = await site.post("/password-reset", {"identifier": "two words"})
    if own.status == 403:
        faults.append("A form of the installation's own is refused as well.")
    return judged(faults, f"{len(_FOREIGN) * len(_FORMS)} foreign forms were refused, its own are taken.")


async def changing_by_get(site: Site) -> Verdict:
    """Nothing is signed out or sent by opening an address."""
    faults = []
    for path in ("/sign-out", "/mail-server/tests", "/users/1/reset-link", "/users/1/sessions"):
        answer = await site.get(path)
        if answer.status not in {404, 405}:
            faults.append(f"GET {path} is answered with {answer.status}.")
    return judged(faults, "Addresses that change something take no GET.")
