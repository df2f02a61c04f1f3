"""The provider's quota: no more letters a minute than it allows, and none lost."""

from pathlib import Path

from tests.postal import crew, use_server
from tests.smtp_server import smtp_server
from tests.world import a_world
from webapp.db.connect import Database
from webapp.outbox.enqueue import Order, enqueue


async def test_no_more_letters_are_sent_in_a_minute_than_allowed(db: Database, tmp_path: Path) -> None:
    async with a_world(db, tmp_path, letters_per_minute=4) as world, smtp_server() as server:
        await use_server(world, server)
        person = await world.person("alice", email="alice@example.org")
        for number in range(10):
            order = Order(kind="password_changed", recipient=f"n{number}@example.org", language="en", user_id=person.id)
            await enqueue(order, now=world.clock())
        for expected in (4, 8, 10):
            worker = crew(world).worker
            await worker.once()
            await worker.aclose()
            assert len(server.letters) == expected
            world.clock.advance(seconds=61)
