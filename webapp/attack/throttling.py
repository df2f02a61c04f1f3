"""Guessing passwords: after a number of tries there is an end to it, also for a name that nobody has."""

from typing import Final

from webapp.attack.http import NoAnswer, Site
from webapp.attack.names import nobody
from webapp.attack.verdict import Verdict, judged

MOST_TRIES: Final = 40
"""Tries for one name after which there must have been a refusal (OWASP ASVS 5.0, 6.3.1, allows far more)."""


async def guessing(site: Site) -> Verdict:
    """Wrong passwords for one unknown name, until the answer is 429."""
    name = nobody()
    for tries in range(1, MOST_TRIES + 1):
        # Another forwarded address each time: it must not make another client of this one (CVE-2021-22915).
        lie = {"X-Forwarded-For": f"192.0.2.{tries}", "Forwarded": f"for=192.0.2.{tries}"}
        try:
            answer = await site.post("/sign-in", {"identifier": name, "password": nobody(), "next": ""}, lie)
        except NoAnswer as error:
            return judged([f"After {tries} tries there was no answer ({error})."], "")
        if answer.status == 429:
            faults = [] if answer.header("retry-after").isdecimal() else ["The refusal says no Retry-After."]
            return judged(faults, f"Refused after {tries - 1} tries, for {answer.header('retry-after')} seconds.")
    return judged([f"{MOST_TRIES} wrong passwords for one name were all taken."], "")
