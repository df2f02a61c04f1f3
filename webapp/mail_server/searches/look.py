"""A search, on record before anything is dialled."""

from collections.abc import AsyncGenerator
from contextlib import aclosing

from webapp.audit.record import Actor, Deed, Subject, record
from webapp.clock import Clock
from webapp.db.connect import transaction
from webapp.mail_server.searches.form import Where
from webapp.smtp.search import Found, Reach, search, targets


async def look(where: Where, *, reach: Reach, clock: Clock, actor: Actor) -> AsyncGenerator[Found, None]:
    """Yield what is found, as search() does. Closing the generator closes every connection."""
    aims = await targets(where.host, where.domain, ask=reach.ask)
    tried = {"hosts": ", ".join(aim.host for aim in aims)}
    async with transaction():
        await record(actor, Deed("mail_server:searched", Subject(where.host or where.domain), tried), now=clock())
    found = search(aims, reach)
    async with aclosing(found):
        async for each in found:
            yield each
