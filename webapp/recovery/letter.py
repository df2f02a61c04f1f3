"""The letter with a reset link: how its words come about when it is sent."""

import json
from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from typing import Any, Final

from webapp.clock import Clock
from webapp.crypto.links import Links
from webapp.db.connect import engine, reading
from webapp.db.together import Together
from webapp.outbox.kind import Kind, Lost, Words
from webapp.outbox.models import Letter
from webapp.recovery.reset_link import PATH, mint
from webapp.users.models import UserState

Lifetime = Callable[[], Awaitable[timedelta]]
"""How long links work, as the security policy has it at this moment."""
WANTED_FOR: Final = timedelta(days=1)
"""A reset letter that could not be sent for so long is not sent any more: nobody waits for it now."""


def reset_link(links: Links, *, public_url: str, lifetime: Lifetime, clock: Clock) -> Kind:
    """The letter with the link, which is minted when the letter is written and stored nowhere."""
    standings = Together(_standings)

    async def write(letter: Letter) -> Words | Lost:
        person = await standings.ask(letter.id)
        if person is None:
            return Lost("no_such_account")
        if person["deleted"]:
            return Lost("account_deleted")
        if person["state"] != UserState.ACTIVE:
            return Lost("account_disabled")
        if person["frozen"]:
            return Lost("account_frozen")
        if person["email"] != letter.recipient:
            return Lost("address_changed")
        if person["recovery_version"] != letter.recovery_version:
            return Lost("link_replaced")
        if letter.created_at + WANTED_FOR < clock():
            return Lost("too_late")
        if person["superseded"]:
            return Lost("superseded")
        lasts = await lifetime()
        token = mint(links, user_id=person["id"], recovery_version=person["recovery_version"], letter_id=letter.id)
        context = {
            "username": person["username"],
            "link": f"{public_url}{PATH}{token}",
            "minutes": round(lasts.total_seconds() / 60),
            "asked_by_staff": letter.requested_by_id is not None,
        }
        return Words(context, letter.language, clock() + lasts)

    return Kind(write, expires=True)


async def _standings(letters: Sequence[int]) -> dict[int, dict[str, Any]]:
    """Whom each of these letters goes to, and what speaks against it."""
    sql, ids = (_IN_SQLITE, json.dumps(list(letters))) if engine() == "sqlite" else (_IN_POSTGRES, list(letters))
    return {row["letter"]: row for row in await reading().execute_query_dict(sql, [ids])}


_STANDING: Final = """
    SELECT letters.id AS letter, users.id, username, email, users.state, frozen_at IS NOT NULL AS frozen,
        deleted_at IS NOT NULL AS deleted,
        users.recovery_version, EXISTS (
            SELECT 1 FROM letters AS later
            WHERE later.user_id = users.id AND later.kind = letters.kind AND later.id > letters.id) AS superseded
    FROM letters JOIN users ON users.id = letters.user_id WHERE letters.id"""
_IN_SQLITE: Final = f"{_STANDING} IN (SELECT value FROM json_each(?1))"  # noqa: S608 - the ids are a parameter
_IN_POSTGRES: Final = f"{_STANDING} = ANY($1::bigint[])"
