"""The list of people as a browser gets it, beside Django's admin: `python -m bench.search [PEOPLE]`.

The same people are in both. Django's is its admin's own list of users, asked in one process without a network;
Postern's answers come over HTTP from a process of its own.
"""

import asyncio
import json
import sqlite3
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from statistics import median, quantiles
from typing import Final
from urllib.parse import quote

from bench.caller import Caller
from bench.crowd import PASSWORD, create_administrator
from bench.django_admin import admin_list
from bench.django_site import IS_INSTALLED
from bench.figures import Figure, spread, tried
from bench.people import put
from bench.process import environment, postern
from tests.databases import dsn
from tests.postgres_server import own_server
from webapp.db.connect import Database

PEOPLE: Final = 1_000_000
ROUNDS: Final = 100
DJANGO_ROUNDS: Final = 5
AIMS: Final = {"SQLite": (5.0, 20.0), "PostgreSQL": (15.0, 50.0)}
"""Milliseconds at the median and at the 99th percentile, for a list in its usual order without filters."""
OTHER_AIM: Final = 150.0
FASTER: Final = {
    "exact": 50,
    "prefix": 200,
    "rare": 200,
    "common": 50,
    "two characters": 50,
    "two rare": 200,
    "miss": 200,
}
"""How many times faster than Django's admin at a million people."""
NEEDLES: Final = {
    "exact": "user-100500",
    "prefix": "anna.m",
    "rare": "rosa.wolf",
    "common": "example",
    "two characters": "nn",
    "two rare": "zq",
    "two Chinese characters": "小明",
    "miss": "nobodyhere",
}
OTHERS: Final = {
    "disabled": "status=disabled",
    "disabled, common": "status=disabled&q=nn",
    "unverified, second factor": "status=unverified&status=factor",
    "not signed in for 90 days": "idle_days=90",
    "by last sign-in": "sort=-last_sign_in",
    "by creation, rare": "sort=-created&q=rosa.wolf",
}
_PARTIAL: Final = {"HX-Request": "true", "HX-Request-Type": "partial", "HX-Current-URL": "http://localhost/users"}


def measure(folder: Path, people: int = PEOPLE) -> list[Figure]:
    """SQLite first, with Django beside it, then PostgreSQL."""
    database = Database(engine="sqlite", path=folder / "postern.sqlite3")
    figures = _site("SQLite", folder / "sqlite", database, people)
    if IS_INSTALLED:
        figures += _django(folder, database, figures, people)
    else:
        figures.append(Figure("Django's admin", "not measured: it is not installed (make bench does)", ""))
    with own_server() as server:
        return figures + _site("PostgreSQL", folder / "postgres", replace(server.database), people)


def _site(title: str, home: Path, database: Database, people: int) -> list[Figure]:
    home.mkdir()
    asyncio.run(put(database, people))
    with _signed_in(home, database) as caller:
        most, tail = AIMS[title]
        figures = [
            _figure(f"{title}, {what}", [caller.get(f"/users?q={quote(text)}") for _ in range(ROUNDS)], most, tail)
            for what, text in NEEDLES.items()
        ]
        figures += [
            _figure(f"{title}, {what}", [caller.get(f"/users?{query}") for _ in range(ROUNDS)], None, OTHER_AIM)
            for what, query in OTHERS.items()
        ]
        start = [caller.get("/") for _ in range(ROUNDS)]
        return [*figures, Figure(f"{title}, the start page", spread(start), "")]


@contextmanager
def _signed_in(home: Path, database: Database) -> Iterator[Caller]:
    environ = environment(home, DATABASE_URL=dsn(database))
    with postern("serve", home, environ) as url, Caller(url, keeps_cookies=True, headers=_PARTIAL) as caller:
        create_administrator("admin", environ)
        caller.post("/sign-in", {"identifier": "admin", "password": PASSWORD}, expect=303)
        yield caller


def _figure(what: str, seconds: list[float], most: float | None, tail: float) -> Figure:
    middle, last = median(seconds) * 1_000, quantiles(seconds, n=100)[98] * 1_000
    aim = f"median at most {most:g} ms, " if most else ""
    held = last <= tail and (most is None or middle <= most)
    return Figure(what, f"{middle:.2f} ms, 99th percentile {last:.2f} ms", f"{aim}99th percentile {tail:g} ms", held)


def _django(folder: Path, database: Database, ours: list[Figure], people: int) -> list[Figure]:
    rows = _rows(database.path)
    found = []
    for (what, text), mine in zip(NEEDLES.items(), ours, strict=False):
        theirs = admin_list(folder, rows, text, DJANGO_ROUNDS)
        rows = []  # they are in its database by now
        ratio = theirs * 1_000 / float(mine.value.split()[0])
        aim = (FASTER.get(what, 1) if people >= PEOPLE else 10) if what in FASTER else 1
        found.append(
            Figure(f"Django's admin, {what}", f"{theirs * 1_000:.1f} ms: {ratio:.0f}x", f"{aim}x", held=ratio >= aim)
        )
    return found


def _rows(path: Path) -> list[tuple[str, str, str]]:
    connection = sqlite3.connect(path)
    found = connection.execute("SELECT username, coalesce(email, ''), display_name FROM users").fetchall()
    connection.close()
    return json.loads(json.dumps(found))  # type: ignore[no-any-return]  # lists of texts


if __name__ == "__main__":
    tried(measure, *map(int, sys.argv[1:]))
