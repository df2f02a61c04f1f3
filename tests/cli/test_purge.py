"""`postern purge`."""

from datetime import UTC, datetime, timedelta

from tests.cli.postern import Postern
from webapp.db import lease
from webapp.db.connect import Database, connected
from webapp.delivery.retention import LEASE
from webapp.outbox.models import Letter, LetterState


async def test_it_deletes_what_is_older_than_the_retention(installed: Postern, database: Database) -> None:
    installed.variables["POSTERN_SECRET_KEYS"] = "k" * 40
    async with connected(database):
        for days in (5, 15):
            then = datetime.now(UTC) - timedelta(days=days)
            await Letter.create(
                kind="reset_link",
                recipient="alice@example.org",
                language="en",
                state=LetterState.FAILED,
                created_at=then,
                due_at=then,
                finished_at=then,
            )
        done = await installed.run("purge", "--json")
        assert (done.status, done.json["letters"]) == (0, 0)
        done = await installed.run("purge", RETENTION_DAYS="10")
        assert "letters: 1," in done.out
        assert await Letter.all().count() == 1
        assert await lease.take(LEASE, "another", 600)
        (await installed.run("purge")).failed_in_one_line("another process")
