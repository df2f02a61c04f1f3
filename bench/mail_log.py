"""How long the mail log takes with a hundred thousand letters in it, beside an empty one, on both databases."""

import asyncio
import itertools
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Final

import asyncpg
import httpx2

from bench.crowd import PASSWORD, create_administrator
from bench.figures import Figure, compared, spread
from bench.process import environment, postern
from tests.databases import dsn
from tests.postgres_server import own_server
from webapp.db.connect import Database, connected, engine, postgres_arguments, writing

LETTERS: Final = 100_000
PEOPLE: Final = 10_000
ROUNDS: Final = 60
AIM: Final = 2.0
SEARCHES: Final = (
    ("refused letters", "state=failed"),
    ("one person's letters", "person=77"),
    ("letters of the last hour", "within=hour"),
    ("search, everything matches", "q=example"),
    ("search, ten letters match", "q=person7777"),
    ("search, nothing matches", "q=zzzz"),
    ("search, a queue id", "q=4B77777X"),
)
_OWN: Final = {"Sec-Fetch-Site": "same-origin"}


def measure(folder: Path) -> list[Figure]:
    """An empty and a full installation beside each other, asked by turns: first on SQLite, then on PostgreSQL."""
    figures = _both("SQLite", *(_file(folder, name) for name in ("empty", "full")))
    with own_server() as server:
        figures += _both("PostgreSQL", *(_made(folder, server.database, name) for name in ("empty", "full")))
    return figures


def _file(folder: Path, name: str) -> tuple[Path, Database]:
    home = folder / f"sqlite-{name}"
    home.mkdir()
    return home, Database(engine="sqlite", path=home / "postern.sqlite3")


def _made(folder: Path, server: Database, name: str) -> tuple[Path, Database]:
    home = folder / f"postgres-{name}"
    home.mkdir()
    asyncio.run(_create(server, name))
    return home, replace(server, name=name)


async def _create(server: Database, name: str) -> None:
    connection = await asyncpg.connect(**postgres_arguments(server))
    await connection.execute(f'CREATE DATABASE "{name}"')
    await connection.close()


def _both(title: str, empty: tuple[Path, Database], full: tuple[Path, Database]) -> list[Figure]:
    with _installation(*empty) as bare, _installation(*full) as url:
        asyncio.run(_fill(full[1]))
        return asyncio.run(_measure(title, url, bare))


@contextmanager
def _installation(home: Path, database: Database) -> Iterator[str]:
    environ = environment(home, DATABASE_URL=dsn(database))
    with postern("serve", home, environ) as url:
        create_administrator("admin", environ)
        yield url


async def _fill(database: Database) -> None:
    """Letters that came every five seconds until now, each accepted but for one in three thousand."""
    async with connected(database):
        sqlite = engine() == "sqlite"
        for statement in _rows(int(time.time()), sqlite=sqlite):
            await writing().execute_query(statement)
        if not sqlite:
            await writing().execute_query("ANALYZE")  # as autovacuum does within a minute


def _rows(now: int, *, sqlite: bool) -> tuple[str, ...]:
    seconds = f"{now} - ({LETTERS} - n) * 5"
    moment = f"strftime('%Y-%m-%d %H:%M:%S+00:00', {seconds}, 'unixepoch')" if sqlite else f"to_timestamp({seconds})"
    no, refused = "0" if sqlite else "false", "n % 3000 = 0"
    # Nothing in the statements comes from outside.
    return (
        f"""INSERT INTO users (username, username_key, email, email_key, display_name, username_search, email_search,
                name_search, role, state, must_change, recovery_version, credentials_version, version, email_refusal,
                created_at, time_zone, second_factor)
            {_series(PEOPLE)} SELECT 'person' || n, 'person' || n, 'p' || n || '@example.org',
                'p' || n || '@example.org', '', 'person' || n, 'p' || n || '@example.org', 'person' || n, 'user',
                'active', {no}, 1, 1, 1, '', {moment}, '', {no}
            FROM series""",  # noqa: S608
        f"""INSERT INTO letters (kind, user_id, recipient, language, params, state, reason, created_at, due_at,
                message_id, attempts, lease_owner, lease_ends_at_ms)
            {_series(LETTERS)} SELECT 'reset_link', 2 + n % {PEOPLE}, 'p' || (1 + n % {PEOPLE}) || '@example.org',
                'en', '{{}}', CASE WHEN {refused} THEN 'failed' ELSE 'accepted' END,
                CASE WHEN {refused} THEN 'recipient_unknown' ELSE '' END, {moment}, {moment}, '<' || n || '@x>', 1,
                '', 0 FROM series""",  # noqa: S608
        f"""INSERT INTO attempts (letter_id, attempted_at, milliseconds, revision_id, host, step, outcome, reply_code,
                enhanced_code, reply, diagnosis, queue_id)
            {_series(LETTERS)} SELECT n, {moment}, 20, 1, 'mail.example.org', 'message',
                CASE WHEN {refused} THEN 'failed' ELSE 'ok' END, CASE WHEN {refused} THEN 550 ELSE 250 END,
                CASE WHEN {refused} THEN '5.1.1' ELSE '2.0.0' END, 'Ok: queued as 4B' || n || 'X',
                CASE WHEN {refused} THEN 'recipient_unknown' ELSE '' END, '4B' || n || 'X' FROM series""",  # noqa: S608
    )


def _series(length: int) -> str:
    return f"WITH RECURSIVE series(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM series WHERE n < {length})"  # noqa: S608  whole numbers


async def _measure(title: str, url: str, bare: str) -> list[Figure]:
    async with httpx2.AsyncClient(base_url=url) as full, httpx2.AsyncClient(base_url=bare) as empty:
        for client in (full, empty):
            signed_in = await client.post("/sign-in", data={"identifier": "admin", "password": PASSWORD}, headers=_OWN)
            if signed_in.status_code != 303:
                raise RuntimeError(f"signing in answered {signed_in.status_code}")
        figures: list[Figure] = []
        for what, query in (("the mail log", ""), ("its page in the middle", f"after={LETTERS // 2}")):
            with_letters, without = await _by_turns(full, empty, query)
            figures += compared(f"{title}, {what}, {LETTERS:,} letters", with_letters, without, at_most=AIM)
        for what, query in SEARCHES:
            seconds, _ = await _by_turns(full, None, query)
            figures.append(Figure(f"{title}, {what}", spread(seconds), ""))
        return figures


async def _by_turns(
    full: httpx2.AsyncClient, empty: httpx2.AsyncClient | None, query: str
) -> tuple[list[float], list[float]]:
    taken: dict[httpx2.AsyncClient, list[float]] = {client: [] for client in (full, empty) if client is not None}
    for number, client in itertools.product(range(ROUNDS), taken):
        begun = time.perf_counter()
        answer = await client.get(f"/mail-log?{query}")
        if answer.status_code != 200:
            raise RuntimeError(f"the mail log answered {answer.status_code}")
        if number >= ROUNDS // 10:
            taken[client].append(time.perf_counter() - begun)
    return taken[full], taken[empty] if empty is not None else []
