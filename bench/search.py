"""The list of people as a browser gets it, beside Django's admin: `python -m bench.search [PEOPLE ...]`.

The same people are in both, and as many are shown at once. Django's is its admin's own list of users, asked in one
process without a network; Postern's answers come over HTTP from a process of its own.
"""

import asyncio
import re
import sqlite3
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from statistics import median, quantiles
from typing import Final
from urllib.parse import quote

from bench.caller import Caller
from bench.crowd import PASSWORD, create_administrator
from bench.django_admin import admin_list
from bench.django_site import IS_INSTALLED
from bench.figures import Figure, compared, tried
from bench.installation import postgres
from bench.people import people as plausible
from bench.people import put
from bench.process import environment, postern
from bench.search_by_hand import by_hand
from tests.databases import dsn
from webapp.db.connect import Database

SIZES: Final = (10_000, 100_000, 1_000_000)
MILLION: Final = 1_000_000
ROUNDS: Final = 100
DJANGO_ROUNDS: Final = 3
DEEP: Final = 1_000
"""A page so far down the list."""
AIMS: Final = {"SQLite": (5.0, 20.0), "PostgreSQL": (15.0, 50.0)}
"""Milliseconds at the median and at the 99th percentile, for a list in its usual order without filters."""
OTHER_AIM: Final = 150.0
NOBODY: Final = "/users?status=deleted"
BY_HAND: Final = 2.0
"""How many times what the SQL alone and an empty page take a search may take."""
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
    "exact": list(plausible(5_000))[-1][1],
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


def measure(folder: Path, *sizes: int) -> list[Figure]:
    """SQLite first, with Django beside it, then PostgreSQL; each with so many people in turn."""
    folder.chmod(0o711)  # PostgreSQL may run as somebody else
    figures: list[Figure] = []
    start: dict[tuple[str, int], list[float]] = {}
    for people in sizes or SIZES:
        here = folder / f"sqlite-{people}"
        here.mkdir()
        database = Database(engine="sqlite", path=here / "postern.sqlite3")
        found, start["SQLite", people] = _site("SQLite", here, database, people)
        figures += found + (_django(here, database, found, people) if IS_INSTALLED else [])
    if not IS_INSTALLED:
        figures.append(Figure("Django's admin", "not measured: it is not installed (make bench does)", ""))
    for people in sizes or SIZES:
        here = folder / f"postgres-{people}"
        here.mkdir()
        with postgres(here) as database:
            found, start["PostgreSQL", people] = _site("PostgreSQL", here, database, people)
        figures += found
    return [*figures, *_beside_small(start)]


def _site(title: str, home: Path, database: Database, people: int) -> tuple[list[Figure], list[float]]:
    """What was measured, and the seconds of the start page."""
    print(f"  {people:,} people in {title} ...", flush=True)
    asyncio.run(put(database, people))
    most, tail = AIMS[title] if people >= MILLION else (None, OTHER_AIM)
    named = f"{title}, {people:,} people"
    with _signed_in(home, database) as caller:
        times = {what: _times(caller, f"/users?q={quote(text)}") for what, text in NEEDLES.items()}
        figures = [_figure(f"{named}: {what}", taken, most, tail) for what, taken in times.items()]
        if people >= MILLION:
            figures += _beside_sql(named, times, _times(caller, NOBODY), by_hand(database, NEEDLES, ROUNDS))
            figures += [
                _figure(f"{named}: {what}", _times(caller, f"/users?{query}"), None, OTHER_AIM)
                for what, query in OTHERS.items()
            ]
            figures += _deep(named, caller)
        return figures, _times(caller, "/")


def _times(caller: Caller, path: str) -> list[float]:
    caller.get(path)  # what only the first one pays
    return [caller.get(path) for _ in range(ROUNDS)]


def _beside_sql(
    named: str, whole: Mapping[str, list[float]], empty: list[float], bare: Mapping[str, list[float]]
) -> Iterator[Figure]:
    """The whole answers beside the rows alone, read by hand, and a page with nobody on it."""
    for what, times in whole.items():
        least, page = (median(each) * 1_000 for each in (bare[what], empty))
        ratio = median(times) * 1_000 / (least + page)
        value = f"{ratio:.2f} times {least:.2f} ms and {page:.2f} ms"
        title = f"{named}: {what}, beside SQL by hand and a page without people"
        yield Figure(title, value, f"at most {BY_HAND} times", held=ratio <= BY_HAND)


def _deep(named: str, caller: Caller) -> list[Figure]:
    """A page far down the list beside one at its beginning, each as rows alone."""
    paths: list[str] = []
    caller.get("/users")
    while len(paths) < DEEP and (more := re.search(r'href="([^"]+)" rel="next"', caller.text)):
        paths.append(more.group(1).replace("&amp;", "&"))
        caller.get(paths[-1])
    first, last = ([caller.get(path) for _ in range(ROUNDS)] for path in (paths[0], paths[-1]))
    pages = f"page {len(paths) + 1:,}", "page 2"
    return compared(f"{named}, rows alone", last, first, at_most=1.2, named=pages)


def _beside_small(start: dict[tuple[str, int], list[float]]) -> Iterator[Figure]:
    """The start page with the most people beside the one with the fewest."""
    for title in AIMS:
        small, *_, large = sorted(people for engine, people in start if engine == title)
        people = f"{large:,} people", f"{small:,} people"
        yield from compared(
            f"{title}, the start page", start[title, large], start[title, small], at_most=2.0, named=people
        )


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


def _django(folder: Path, database: Database, ours: Sequence[Figure], people: int) -> list[Figure]:
    rows = _rows(database.path)
    found = []
    for (what, text), mine in zip(NEEDLES.items(), ours, strict=False):
        theirs = admin_list(folder, rows, text, DJANGO_ROUNDS)
        rows = []  # they are in its database by now
        times = theirs * 1_000 / float(mine.value.split()[0])
        aim = (FASTER.get(what, 1) if people >= MILLION else 10) if what in FASTER else 1
        value = f"{theirs * 1_000:.1f} ms: {times:.0f}x as long"
        found.append(Figure(f"Django's admin, {people:,} people: {what}", value, f"{aim}x", held=times >= aim))
    return found


def _rows(path: Path) -> list[tuple[str, str, str]]:
    connection = sqlite3.connect(path)
    found = connection.execute("SELECT username, coalesce(email, ''), display_name FROM users").fetchall()
    connection.close()
    return found


if __name__ == "__main__":
    tried(measure, *map(int, sys.argv[1:]))
