"""The inbox of requests for help."""

import json
from collections import Counter
from collections.abc import AsyncGenerator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from webapp.audit.record import Actor, Deed, Subject, record
from webapp.crypto.vault import Vault
from webapp.db.connect import transaction
from webapp.principal import Principal, Role
from webapp.recovery.help.ask import NAME, WORDS
from webapp.recovery.models import HelpRequest
from webapp.users.authority import reach
from webapp.users.find import by_identifier
from webapp.users.models import User

PAGE: Final = 50
_AT_A_TIME: Final = 20


@dataclass(frozen=True, slots=True)
class Plea:
    """One request, opened for a reader. What its keys no longer open is empty."""

    id: int
    identifier: str
    contact: str
    message: str
    network: str
    requested_at: datetime
    closed_at: datetime | None
    closed_by: str
    user: User | None
    """Whose username or address it names, as it is now."""
    digest: str
    """Tells the name from others as long as the key is the same."""
    several: int = 1
    """How many there are for this name or person, as far as the page can tell."""

    @property
    def about(self) -> object:
        """Whom it is about: who asks by username and who asks by address may be one, or say that they are."""
        return self.user.id if self.user else self.digest


@dataclass(frozen=True, slots=True)
class Inbox:
    """Some requests, the newest first, and where older ones begin (the id before which they lie), if there are any."""

    pleas: tuple[Plea, ...]
    after: int | None


async def read(reader: Role, *, vault: Vault, is_closed: bool, after: int | None = None) -> Inbox:
    """A page of those that this role may see: helpdesk sees none that names somebody out of their reach.

    Those about the same person stand together, where the newest of them is: not all need be theirs.
    """
    pleas: list[Plea] = []
    async for plea in _visible(reader, vault=vault, is_closed=is_closed, after=after):
        if len(pleas) == PAGE:
            return Inbox(await _together(pleas, is_closed=is_closed), pleas[-1].id)
        pleas.append(plea)
    return Inbox(await _together(pleas, is_closed=is_closed), None)


async def _together(pleas: list[Plea], *, is_closed: bool) -> tuple[Plea, ...]:
    numbers = await _numbers({each.digest for each in pleas}, is_closed=is_closed)
    groups: dict[object, list[Plea]] = {}
    for each in pleas:
        groups.setdefault(each.about, []).append(each)
    several = {about: sum(numbers[digest] for digest in {each.digest for each in g}) for about, g in groups.items()}
    return tuple(replace(each, several=several[about]) for about, group in groups.items() for each in group)


async def _numbers(digests: set[str], *, is_closed: bool) -> Counter[str]:
    """How many requests there are for each name, those on other pages too."""
    found = HelpRequest.filter(identifier_digest__in=list(digests), closed_at__isnull=not is_closed)
    return Counter([each.identifier_digest async for each in found.only("identifier_digest")])


async def is_any_open(reader: Role, *, vault: Vault) -> bool:
    """Whether somebody waits for help whom this role may see."""
    async for _ in _visible(reader, vault=vault, is_closed=False):
        return True
    return False


async def settle(
    request_id: int, reader: Principal, *, closes: bool, vault: Vault, network: str, now: datetime
) -> Plea | None:
    """Close a request, or open it again, and return it as it was; None if there is none that this reader may see."""
    async with transaction():
        found = await HelpRequest.filter(id=request_id).select_for_update().first()
        if found is None:
            return None
        plea = await _opened(found, vault)
        if not _in_reach(plea, reader.role):
            return None
        if (found.closed_at is not None) == closes:
            return plea
        await HelpRequest.filter(id=found.id).update(
            closed_at=now if closes else None,
            closed_by_id=reader.user_id if closes else None,
            closed_by=reader.username if closes else "",
        )
        name, user_id = (plea.user.username, plea.user.id) if plea.user else ("", None)
        deed = Deed("help:closed" if closes else "help:reopened", Subject(name, user_id))
        await record(Actor.signed_in(reader, network), deed, now=now)
    return plea


async def _visible(
    reader: Role, *, vault: Vault, is_closed: bool, after: int | None = None
) -> AsyncGenerator[Plea, None]:
    """Those that this role may see, the newest first; they are read a few at a time, as they are asked for."""
    wanted = HelpRequest.filter(closed_at__isnull=not is_closed).order_by("-id").limit(_AT_A_TIME)
    while True:
        found = await (wanted.filter(id__lt=after) if after else wanted)
        for each in found:
            plea = await _opened(each, vault)
            if _in_reach(plea, reader):
                yield plea
        if len(found) < _AT_A_TIME:
            return
        after = found[-1].id


def _in_reach(plea: Plea, reader: Role) -> bool:
    return plea.user is None or plea.user.role in reach(reader)


async def _opened(found: HelpRequest, vault: Vault) -> Plea:
    identifier = vault.open(found.sealed_identifier, NAME)
    words = vault.open(found.sealed_message, WORDS)
    contact, message = json.loads(words) if isinstance(words, str) else ("", "")
    name = identifier if isinstance(identifier, str) else ""
    return Plea(
        id=found.id,
        identifier=name,
        contact=contact,
        message=message,
        network=found.network,
        requested_at=found.requested_at,
        closed_at=found.closed_at,
        closed_by=found.closed_by,
        user=await by_identifier(name) if name else None,
        digest=found.identifier_digest,
    )
