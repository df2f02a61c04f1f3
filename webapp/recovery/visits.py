"""What is known of the link in a letter: that it was fetched, opened, used; and how far each can be believed.

Programs look at mail as well as people: scanners fetch every link, some of them with a whole browser. Nobody is turned
away for what they look like; it is only written down, once, what happened first:

fetched
    Something asked for the link's address. That is all: most scanners do just this, and so does a browser on its way.
opened
    The page behind the link was asked for as a browser does it: by GET, with the cookie that the link's redirect had
    set, as a navigation (Fetch Metadata, where the browser sends it), by nothing that calls itself a program. Whoever
    runs a real browser to look at mail is not told apart from a person, which is why the log says "perhaps".
    It also counts as opened if the form on the page is sent, fit or unfit: scanners fill in no forms.
used
    What the link is for was done with it.

Each is one UPDATE that a second visit leaves without effect. Only a genuine link that still works is written down, so
the time an answer takes tells nothing to somebody who has no such link; and its holder may well learn that they are not
the first. Nothing here consumes the link.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import structlog

from webapp.db.connect import is_unavailable
from webapp.outbox.models import Letter

_PROGRAMS: Final = re.compile(
    r"(?<!cu)bot\b|bot/|crawl|spider|scan|preview|prefetch|headless|phantom|proofpoint|mimecast|barracuda|symantec|"
    r"safelinks|fireeye|trendmicro|forcepoint|sophos|zscaler|urldefense|facebookexternalhit|whatsapp|google-read-aloud|"
    r"googleimageproxy|microsoft office|ms-office|python|curl|wget|libwww|java/|okhttp|go-http|node-fetch|axios|ruby|"
    r"apache-httpclient|php",
    re.IGNORECASE,
)
"""How programs call themselves that fetch what people are sent. Cubot is a maker of telephones."""

log: Any = structlog.get_logger("postern.recovery")


@dataclass(frozen=True, slots=True)
class Visit:
    """How a page was asked for, as far as it tells people from programs: the method, and headers as they came."""

    method: str
    agent: str
    accept: str
    fetch_mode: str
    fetch_dest: str
    purpose: str
    """``Sec-Purpose`` or its forerunners: set for what a browser loads before anybody asked for it."""

    @property
    def is_browser(self) -> bool:
        """Whether a person may be looking."""
        if self.method != "GET" or self.purpose or not self.agent or _PROGRAMS.search(self.agent):
            return False
        if self.fetch_mode or self.fetch_dest:
            return self.fetch_mode == "navigate" and self.fetch_dest == "document"
        # Browsers leave Fetch Metadata out on plain HTTP, and older ones always do.
        return "text/html" in self.accept.lower()


def visit_of(method: str, headers: Mapping[str, str]) -> Visit:
    """The visit that a request is; ``headers`` are found whatever case their names are in."""
    return Visit(
        method=method,
        agent=headers.get("User-Agent", ""),
        accept=headers.get("Accept", ""),
        fetch_mode=headers.get("Sec-Fetch-Mode", ""),
        fetch_dest=headers.get("Sec-Fetch-Dest", ""),
        purpose=headers.get("Sec-Purpose", "") or headers.get("Purpose", "") or headers.get("X-Moz", ""),
    )


async def was_fetched(letter_id: int, user_id: int, *, now: datetime) -> None:
    """Note that something asked for the link's address."""
    await _note(letter_id, user_id, link_fetched_at=now)


async def was_opened(letter_id: int, user_id: int, visit: Visit, *, now: datetime) -> None:
    """Note that the page behind the link was asked for, if it was as a browser does it."""
    if visit.is_browser:
        await _note(letter_id, user_id, link_opened_at=now)


async def was_filled_in(letter_id: int, user_id: int, *, now: datetime) -> None:
    """Note that somebody sent the form behind the link."""
    await _note(letter_id, user_id, link_opened_at=now)


async def was_used(letter_id: int, user_id: int, *, now: datetime) -> None:
    """Note that the link has served. Call it inside the transaction that does what it is for."""
    await _write(letter_id, user_id, link_used_at=now)


async def _note(letter_id: int, user_id: int, **moment: datetime) -> None:
    try:
        await _write(letter_id, user_id, **moment)
    except Exception as error:
        if not is_unavailable(error):
            raise
        # The log's loss: who holds a link is not kept from the page for it.
        log.warning("the visit of a link could not be noted", letter=letter_id)


async def _write(letter_id: int, user_id: int, **moment: datetime) -> None:
    untouched = dict.fromkeys(moment)
    await Letter.filter(id=letter_id, user_id=user_id, **untouched).update(**moment)
