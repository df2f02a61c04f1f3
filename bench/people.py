"""Plausible people in several scripts, as many as one likes: `python -m bench.people --count 1000000`.

They go into the database that POSTERN_DATABASE_URL and POSTERN_DATA_DIR name, beside whoever is there.
"""

import argparse
import asyncio
import json
import random
import sqlite3
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any, Final

import asyncpg

from webapp.db.connect import Database, parse_dsn, postgres_arguments
from webapp.db.migrate import migrate
from webapp.db.search_text import fold_for_search, tokens
from webapp.fields import fold
from webapp.settings import Settings

BATCH: Final = 5_000
FIRST_ID: Final = 1_000
GIVEN: Final = (
    "Anna Ben Clara David Emma Finn Greta Hannah Ida Jonas Karla Lukas Mia Noah Olga Paul Rosa Simon Theo Ute Vera "
    "Walter Xenia Yusuf Zoe Änne Jörg Søren Łukasz Zoë José François Björn Chloë Ñusta Dvořák Agnieszka Brónagh"
)
FAMILY: Final = (
    "Müller Schmidt Fischer Weber Meyer Wagner Becker Schulz Hoffmann Koch Richter Klein Wolf Schröder Neumann Schwarz "
    "Braun Krüger Hofmann Hartmann Lange Werner Krause Lehmann Smith Johnson Williams Brown Jones García Martínez "
    "Rossi Russo Ferrari Dubois Moreau Nowak Kowalski Jensen Nielsen Håkansson O'Brien Çelik Groß Silva Santos"
)
CYRILLIC: Final = (
    "Анна Иван Мария Сергей Ольга Дмитрий Елена Алексей Наталья Фёдор",
    "Иванов Смирнов Кузнецов Попов Соколов Лебедев Козлов Новиков Морозов Петров",
)
CHINESE: Final = (
    "王李张刘陈杨黄赵吴周徐孙马朱胡郭何高林罗",
    "伟芳娜敏静丽强磊军洋勇艳杰娟涛明超秀霞平刚桂英华玉文辉建国志小晓雪梅婷鑫欣佳怡宁浩然子涵雨泽",
)
DOMAINS: Final = ("example.org", "example.com", "mail.example.net", "uni.example.edu", "例子.example")
COLUMNS: Final = (
    "id", "username", "username_key", "email", "email_key", "display_name", "username_search", "email_search",
    "name_search", "role", "state", "password_hash", "must_change", "recovery_version", "credentials_version",
    "version", "email_verified_at", "email_refused_at", "email_refusal", "frozen_at", "created_at", "last_sign_in_at",
    "time_zone", "second_factor",
)  # fmt: skip


def people(count: int, *, seed: int = 1, first: int = FIRST_ID) -> Iterator[tuple[Any, ...]]:
    """Rows of the table, in the order of COLUMNS; moments are aware. The same seed gives the same people."""
    dice = random.Random(seed)  # noqa: S311 - nothing secret
    latin, cyrillic = ([half.split() for half in names] for names in ((GIVEN, FAMILY), CYRILLIC))
    start = datetime(2020, 1, 1, tzinfo=UTC)
    for number in range(first, first + count):
        kind = dice.random()
        if kind < 0.75:
            given, family = dice.choice(latin[0]), dice.choice(latin[1])
            name = f"{given} {family}"
            stem = fold_for_search(f"{given}.{family}").replace("'", "").replace(" ", "")
            username = f"{stem}{number}" if dice.random() < 0.8 else f"{stem[0]}{number:x}"
        elif kind < 0.85:
            name = f"{dice.choice(cyrillic[0])} {dice.choice(cyrillic[1])}"
            username = f"user-{number}"
        else:
            name = dice.choice(CHINESE[0]) + "".join(dice.choices(CHINESE[1], k=dice.choice((1, 2, 2))))
            username = f"zh{number:x}"
        name = name if dice.random() < 0.95 else ""
        email = None if dice.random() < 0.01 else f"{username}@{dice.choice(DOMAINS)}"
        created = start + timedelta(seconds=number * 150 % 200_000_000)
        seen = created + timedelta(days=dice.random() * 300) if dice.random() < 0.8 else None
        yield (
            number, username, fold(username), email, fold(email) if email else None, name,
            fold_for_search(username), fold_for_search(email or ""), fold_for_search(name or username),
            "user" if dice.random() < 0.999 else dice.choice(("helpdesk", "auditor")),
            "disabled" if dice.random() < 0.02 else "active",
            "!" if dice.random() < 0.95 else None, dice.random() < 0.03, 1, 1, 1,
            created if email and dice.random() < 0.9 else None,
            created if email and dice.random() < 0.005 else None, "",
            created if dice.random() < 0.0005 else None, created, seen, "", dice.random() < 0.1,
        )  # fmt: skip


async def put(database: Database, count: int, *, seed: int = 1, first: int = FIRST_ID) -> None:
    """Migrate the database and add so many people to it."""
    await migrate(database)
    rows = people(count, seed=seed, first=first)
    if database.engine == "sqlite":
        _put_into_sqlite(database, rows)
        return
    connection = await asyncpg.connect(**postgres_arguments(database))
    try:
        while batch := list(islice(rows, BATCH)):
            await connection.copy_records_to_table("users", records=batch, columns=COLUMNS)
        await connection.execute("SELECT setval(pg_get_serial_sequence('users', 'id'), (SELECT max(id) FROM users))")
        await connection.execute("VACUUM ANALYZE users", timeout=600)
    finally:
        await connection.close()


def _put_into_sqlite(database: Database, rows: Iterator[tuple[Any, ...]]) -> None:
    connection = sqlite3.connect(database.path)
    connection.create_function("postern_grams", -1, tokens, deterministic=True)
    # One statement for many rows: the full-text index writes what it has gathered at the end of each statement.
    values = ", ".join(f"value ->> {place}" for place in range(len(COLUMNS)))
    insert = f"INSERT INTO users ({', '.join(COLUMNS)}) SELECT {values} FROM json_each(?)"  # noqa: S608 - our own names
    while batch := list(islice(rows, BATCH)):
        with connection:
            connection.execute(insert, (json.dumps(batch, default=lambda moment: moment.isoformat(" ")),))
    connection.close()


def main() -> None:
    """Add people to the database of the environment."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=1_000_000)
    parser.add_argument("--first", type=int, default=FIRST_ID, help="the first id")
    given = parser.parse_args()
    database = parse_dsn(Settings.from_environ().dsn)
    begun = time.monotonic()
    asyncio.run(put(database, given.count, first=given.first))
    print(f"{given.count} people in {time.monotonic() - begun:.0f} s.")


if __name__ == "__main__":
    main()
