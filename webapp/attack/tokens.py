"""Links with tokens that were never given out."""

from typing import Final

from webapp.attack.http import Site
from webapp.attack.verdict import Verdict, judged

_DOORS: Final = ("/password-reset/", "/invitations/", "/handoffs/", "/address-confirmations/", "/not-me/", "/received/")
_GARBAGE: Final = (
    "eyJ1IjoxfQ.aaaaaa.forged-Signature_of-nobody",
    "x",
    "..%2f..%2fusers",
    "a" * 3_000,
    "%00",
    "%ff.%fe.x",
)


async def garbage(site: Site) -> Verdict:
    """A token that is none opens nothing, sets nothing, and is not repeated."""
    faults = []
    for door in _DOORS:
        for token in _GARBAGE:
            answer = await site.get(door + token)
            if answer.status not in {400, 404, 410, 414}:
                faults.append(f"GET {door} with {token[:20]!r} is answered with {answer.status}.")
            if answer.cookies or (len(token) > 20 and answer.holds(token)):
                faults.append(f"GET {door} with {token[:20]!r} keeps or repeats it.")
    return judged(faults, f"{len(_DOORS) * len(_GARBAGE)} forged links opened nothing.")


async def skipped_step(site: Site) -> Verdict:
    """The form for a new password is for those who came by a link."""
    faults = []
    answers = {
        "GET": await site.get("/password-reset/new"),
        "POST": await site.post("/password-reset/new", {"new_password": "nine purple lanterns humming", "link": "x"}),
    }
    for method, answer in answers.items():
        if answer.status not in {409, 410}:
            faults.append(f"{method} /password-reset/new without a link is answered with {answer.status}.")
    return judged(faults, "Without a link there is no form for a new password.")
