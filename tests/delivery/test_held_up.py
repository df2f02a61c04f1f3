"""Letters that wait for room below a ceiling: every page that shows them says so, and until when."""

from datetime import timedelta
from pathlib import Path

from tests.postal import crew, use_server
from tests.smtp_server import smtp_server
from tests.world import a_world
from webapp.db.connect import Database
from webapp.delivery.ceilings import Ceilings
from webapp.delivery.held_up import held_up
from webapp.mail_server.models import Slot
from webapp.outbox.enqueue import Order, enqueue

PRESETS = {slot: dict[str, str]() for slot in Slot}


async def test_the_pages_say_that_a_ceiling_keeps_letters(db: Database, tmp_path: Path) -> None:
    async with a_world(db, tmp_path, letters_per_minute=2) as world, smtp_server() as server:
        await use_server(world, server)
        browser = await world.admin()
        person = await world.person("alice", email="alice@example.org")
        for number in range(3):
            order = Order(kind="password_changed", recipient=f"n{number}@example.org", language="en", user_id=person.id)
            await enqueue(order, now=world.clock())
        title = "Letters wait: as many went out as may within this time"
        for path in ("/", "/mail-log"):
            assert title not in (await browser.get(path)).text
        worker = crew(world).worker
        await worker.once()
        await worker.aclose()
        assert len(server.letters) == 2
        for path in ("/", "/mail-log"):
            page = (await browser.get(path)).text
            assert title in page
            assert "POSTERN_LETTERS_PER_MINUTE" in page
        assert "The next one may go out at" in (await browser.get("/mail-log")).text
        world.clock.advance(seconds=61)
        assert title not in (await browser.get("/mail-log")).text


async def test_the_ceiling_that_lasts_longest_is_named_and_for_how_long(db: Database, tmp_path: Path) -> None:
    async with a_world(db, tmp_path, letters_per_hour=2) as world, smtp_server() as server:
        await use_server(world, server)
        person = await world.person("alice", email="alice@example.org")
        began = world.clock()
        for number in range(3):
            order = Order(kind="password_changed", recipient=f"n{number}@example.org", language="en", user_id=person.id)
            await enqueue(order, now=world.clock())
        worker = crew(world).worker
        await worker.once()
        await worker.aclose()
        both, vault = Ceilings(per_minute=1, per_hour=2), world.kit.vault
        found = await held_up(vault, PRESETS, both, now=world.clock())
        assert found is not None
        assert "POSTERN_LETTERS_PER_HOUR" in str(found.reason)
        assert found.room_at is not None
        assert timedelta() <= found.room_at - began - timedelta(hours=1) < timedelta(seconds=30)
        assert await held_up(vault, PRESETS, Ceilings(per_hour=3), now=world.clock()) is None
        assert await held_up(vault, PRESETS, Ceilings(), now=world.clock()) is None
