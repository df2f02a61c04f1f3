"""An installation of Postern for the benchmarks: a migrated database, a mail server, people, and letters to them."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import asyncpg

from tests.postgres_server import PostgresServer
from tests.world import settings_for
from webapp.audit.record import Actor
from webapp.clock import utc_now
from webapp.db.connect import Database, connected, postgres_arguments, transaction
from webapp.db.migrate import migrate
from webapp.fields import Valid, check
from webapp.mail_server.form import EMPTY, ServerForm
from webapp.mail_server.revisions import ANY, save
from webapp.outbox.models import Letter
from webapp.tools import Tools, tools
from webapp.users.models import User

TOGETHER = 1_000


@contextlib.contextmanager
def postgres(folder: Path) -> Iterator[Database]:
    """A PostgreSQL server of our own until the end of the block, as durable as it is by default."""
    own = folder / "postgres"
    folder.chmod(0o711)  # the server may run as somebody else
    own.mkdir()
    server = PostgresServer(own)
    server.start()
    try:
        asyncio.run(_durable(server.database))
        yield server.database
    finally:
        server.stop()


async def _durable(database: Database) -> None:
    connection = await asyncpg.connect(**postgres_arguments(database))
    for name in ("fsync", "synchronous_commit", "full_page_writes", "autovacuum"):
        await connection.execute(f"ALTER SYSTEM SET {name} = on")
    await connection.execute("SELECT pg_reload_conf()")
    await connection.close()


@dataclass(frozen=True, slots=True)
class Installation:
    """One installation, connected."""

    kit: Tools
    database: Database

    async def use_server(self, port: int) -> None:
        """Send to this port from now on."""
        where = {"host": "127.0.0.1", "port": str(port), "security": "none", "auth": "none"}
        checked = check(ServerForm, {**EMPTY, **where, "sender_address": "no-reply@example.org"})
        if not isinstance(checked, Valid):
            raise TypeError("the mail server's settings are refused")
        actor = Actor("bench")
        await save(checked.form, vault=self.kit.vault, preset={}, opened_with=ANY, actor=actor, now=self.kit.clock())

    async def people(self, count: int) -> None:
        """Create so many people."""
        now = utc_now()
        for start in range(0, count, TOGETHER):
            rows = [_person(number, now) for number in range(start, min(count, start + TOGETHER))]
            async with transaction():
                await User.bulk_create(rows)

    async def letters(self, most: int | None = None) -> int:
        """Put a reset link for each of them, or so many, into an empty outbox; how many."""
        await Letter.all().delete()
        now = self.kit.clock() - timedelta(seconds=1)
        people: list[Any] = await User.all().order_by("id").limit(most or 10**9).values_list("id", "email")
        for start in range(0, len(people), TOGETHER):
            rows = [
                Letter(
                    kind="reset_link",
                    user_id=user_id,
                    recipient=email,
                    language="en",
                    recovery_version=1,
                    created_at=now,
                    due_at=now,
                )
                for user_id, email in people[start : start + TOGETHER]
            ]
            async with transaction():
                await Letter.bulk_create(rows)
        return len(people)


def _person(number: int, now: datetime) -> User:
    name, email = f"user{number}", f"user{number}@example.org"
    return User(username=name, username_key=name, email=email, email_key=email, created_at=now.astimezone(UTC))


@contextlib.asynccontextmanager
async def installation(database: Database, folder: Path, **settings: Any) -> AsyncIterator[Installation]:
    """A migrated database and the tools on it; keyword arguments are settings."""
    await migrate(database)
    ports = {"egress_ports": frozenset(range(1, 65_536))}
    kit = tools(settings_for(database, folder, **{**ports, **settings}))
    async with connected(database):
        yield Installation(kit, database)
