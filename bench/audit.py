"""The audit with a million entries in it, on both databases: its page, recording, sealing and verifying."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from statistics import median, quantiles
from typing import Final
from zoneinfo import ZoneInfo

from bench.figures import Figure, spread
from tests.postgres_server import own_server
from webapp.audit.chain import ChainKeys
from webapp.audit.question import Question
from webapp.audit.record import Actor, Deed, Subject, record
from webapp.audit.sealer import BATCH, seal_batch
from webapp.audit.search import find
from webapp.audit.verify import Intact, verify
from webapp.crypto.keys import Keys
from webapp.db.connect import Database, connected, engine, transaction, writing
from webapp.db.migrate import migrate

ENTRIES: Final = 1_000_000
ROUNDS: Final = 20
MOST_MILLISECONDS: Final = 150
"""What the people's list may take at the 99th percentile when it is filtered."""
_ZONE: Final = ZoneInfo("UTC")
_BEGAN: Final = datetime(2026, 1, 1, tzinfo=UTC)
_SEALS: Final = 20_000
OLDEST: Final = "a name among the oldest alone"
"""A sixth of all entries hold it, and none of the newest: PostgreSQL collects them all, so nothing is promised."""
QUESTIONS: Final = {
    "the newest": Question(),
    "a rare name": Question(text="person777777"),
    "what every entry holds": Question(text="person"),
    "two characters": Question(text="77"),
    "a network": Question(text="203.0.113.7"),
    "two words": Question(text="root 7777"),
    OLDEST: Question(text="elder"),
    "nothing": Question(text="nobodyhere"),
    "one actor": Question(actor="person7"),
    "one action": Question(action="user:created"),
    "one actor and one action": Question(actor="root", action="user:disabled"),
    "one person": Question(person=4_711),
    "a day in the middle": Question(first_day=date(2026, 3, 1), last_day=date(2026, 3, 1)),
    "all but the last day": Question(last_day=date(2026, 12, 1)),
    "a day and a word": Question(text="person7", first_day=date(2026, 3, 1), last_day=date(2026, 3, 1)),
}


def measure(folder: Path) -> list[Figure]:
    """First on SQLite, then on PostgreSQL."""
    figures = asyncio.run(_measure("SQLite", Database(engine="sqlite", path=folder / "postern.sqlite3")))
    with own_server() as server:
        return figures + asyncio.run(_measure("PostgreSQL", replace(server.database)))


async def _measure(title: str, database: Database) -> list[Figure]:
    await migrate(database)
    keys = ChainKeys(Keys.parse("k" * 40))
    async with connected(database):
        figures = [await _recording(title)]
        for first in range(0, ENTRIES, 20_000):
            await _fill(first, first + 20_000)
        if engine() == "postgres":
            await writing().execute_query("ANALYZE")  # as autovacuum does within a minute
        figures += [await _page(title, what, question) for what, question in QUESTIONS.items()]
        begun = time.perf_counter()
        for _ in range(_SEALS // BATCH):
            await seal_batch(keys)
        rate = _SEALS / (time.perf_counter() - begun)
        figures.append(Figure(f"{title}, sealing", f"{rate:,.0f} entries a second", ""))
        begun = time.perf_counter()
        found = await verify(keys)
        rate = _SEALS / (time.perf_counter() - begun)
        held = isinstance(found, Intact)
        return [*figures, Figure(f"{title}, verifying", f"{rate:,.0f} entries a second", "the chain holds", held)]


async def _recording(title: str) -> Figure:
    async def once() -> None:
        async with transaction():
            deed = Deed("session:began", Subject("somebody.with.a.name", 7))
            await record(Actor("somebody.with.a.name", 7, "203.0.113.7"), deed, now=_BEGAN)

    return Figure(f"{title}, recording one entry", spread(await _timed(once, 500)), "")


async def _page(title: str, what: str, question: Question) -> Figure:
    async def once() -> None:
        await find(question, zone=_ZONE)

    seconds = await _timed(once, ROUNDS)
    worst = quantiles(seconds, n=100)[98] * 1_000
    value = f"{median(seconds) * 1_000:.1f} ms, 99th percentile {worst:.1f} ms"
    aim = "" if what == OLDEST else f"99th percentile at most {MOST_MILLISECONDS} ms"
    return Figure(f"{title}, {what}", value, aim, held=not aim or worst <= MOST_MILLISECONDS)


async def _timed(once: Callable[[], Awaitable[None]], rounds: int) -> list[float]:
    await once()
    seconds = []
    for _ in range(rounds):
        begun = time.perf_counter()
        await once()
        seconds.append(time.perf_counter() - begun)
    return seconds


async def _fill(first: int, last: int) -> None:
    """Entries a few seconds apart: mostly sign-ins, and every tenth an act of one of two administrators."""
    begins = int(_BEGAN.timestamp())
    seconds = f"{begins} + n * {int(timedelta(days=335).total_seconds()) // ENTRIES}"
    sqlite = engine() == "sqlite"
    at = f"strftime('%Y-%m-%d %H:%M:%S+00:00', {seconds}, 'unixepoch')" if sqlite else f"to_timestamp({seconds})"
    name = f"CASE WHEN n < {ENTRIES // 3} AND n % 2 = 0 THEN 'elder' ELSE 'person' END || n % {ENTRIES - 1}"
    actor = f"CASE n % 20 WHEN 0 THEN 'root' WHEN 10 THEN 'desk' ELSE {name} END"
    action = "CASE n % 20 WHEN 0 THEN 'user:created' WHEN 10 THEN 'user:disabled' ELSE 'session:began' END"
    network = "'203.0.113.' || n % 250"
    # Nothing in the statement comes from outside.
    await writing().execute_query(
        f"""INSERT INTO audit_entries (at, actor, action, subject_id, subject, network, details, search)
            WITH RECURSIVE series(n) AS (SELECT {first} UNION ALL SELECT n + 1 FROM series WHERE n < {last - 1})
            SELECT {at}, {actor}, {action}, n % 50000, {name}, {network}, '{{}}',
                {actor} || '\n' || {name} || '\n' || {network} FROM series"""  # noqa: S608
    )
