"""A worker process that is told to stop finishes what is in flight, and leaves the rest to others at once."""

import asyncio
import signal
from pathlib import Path

import pytest

from tests.delivery.killing import SOON, Sink, a_worker
from tests.delivery.test_killed_worker import MANY, PROMISED, letters
from tests.postal import crew, use_server
from tests.smtp_server import scripted_server
from tests.world import World
from webapp.db.connect import Database
from webapp.delivery.models import Attempt
from webapp.outbox.models import Letter, LetterState


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_stop_finishes_what_is_in_flight_and_repeats_nothing(
    world: World, db: Database, tmp_path: Path, number: signal.Signals
) -> None:
    await letters(world, MANY)
    sink = Sink(at=10)
    async with scripted_server(sink) as server:
        await use_server(world, None, host=server.host, port=str(server.port))
        async with a_worker(db, tmp_path / "worker", server.port) as process:
            await asyncio.wait_for(sink.reached.wait(), SOON)
            process.send_signal(number)
            sink.go.set()
            assert await asyncio.wait_for(process.wait(), SOON) == 0
        sent = await Letter.filter(state=LetterState.ACCEPTED).count()
        assert sent == sink.accepted == await Attempt.all().count()
        assert 10 <= sent <= 10 + PROMISED
        assert not await Letter.filter(lease_ends_at_ms__gt=0).exists()
        # Nobody has to wait for a lease to end.
        worker = crew(world).worker
        assert await worker.once() == MANY - sent
        await worker.aclose()
    assert sink.accepted == MANY
    assert sink.repeated == 0
