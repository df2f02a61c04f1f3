"""What the list of people shows, read by SQL written by hand, without Postern: the least that a search can cost.

Exact matches, then beginnings, then what holds the text, each by its index and until a page is full.
"""

import asyncio
import sqlite3
import time
from collections.abc import Callable, Mapping
from typing import Final

import asyncpg

from webapp.db.connect import Database, postgres_arguments
from webapp.db.search_text import fold_for_search, grams_to_find, token
from webapp.users.search import PAGE_SIZE

ROWS: Final = PAGE_SIZE + 1
_COLUMNS: Final = (
    "id, username, display_name, email, role, state, frozen_at, must_change, email_refused_at, last_sign_in_at,"
    " created_at"
)
_PARTS: Final = ("username_search", "email_search", "name_search")


def by_hand(database: Database, needles: Mapping[str, str], rounds: int) -> dict[str, list[float]]:
    """How many seconds each needle took, time after time."""
    texts = {what: fold_for_search(text) for what, text in needles.items()}
    if database.engine == "postgres":
        return asyncio.run(_postgres(database, texts, rounds))
    return _sqlite(database, texts, rounds)


def _sqlite(database: Database, texts: Mapping[str, str], rounds: int) -> dict[str, list[float]]:
    connection = sqlite3.connect(database.path)
    sql = _sql(
        lambda part: part,
        "user_grams CROSS JOIN users ON users.id = user_grams.rowid",
        "user_grams MATCH :grams",
        lambda part: f"instr({part}, :text)",
    )
    taken: dict[str, list[float]] = {what: [] for what in texts}
    for what, text in texts.items():
        grams = " AND ".join(map(token, grams_to_find(text)))
        for _ in range(rounds + 1):
            begun = time.perf_counter()
            connection.execute(sql, {"text": text, "beyond": f"{text}\U0010ffff", "grams": grams}).fetchall()
            taken[what].append(time.perf_counter() - begun)
    connection.close()
    return {what: times[1:] for what, times in taken.items()}


async def _postgres(database: Database, texts: Mapping[str, str], rounds: int) -> dict[str, list[float]]:
    connection = await asyncpg.connect(**postgres_arguments(database))
    sql = _sql(
        lambda part: f'{part} COLLATE "C"',
        "users",
        f'(postern_grams({", ".join(_PARTS)}) COLLATE "C") @> CAST(:grams AS text[])',
        lambda part: f"strpos({part}, :text)",
    )
    for number, name in enumerate((":text", ":beyond", ":grams"), 1):
        sql = sql.replace(name, f"${number}")
    taken: dict[str, list[float]] = {what: [] for what in texts}
    for what, text in texts.items():
        for _ in range(rounds + 1):
            begun = time.perf_counter()
            await connection.fetch(sql, text, f"{text}\U0010ffff", grams_to_find(text))
            taken[what].append(time.perf_counter() - begun)
    await connection.close()
    return {what: times[1:] for what, times in taken.items()}


def _sql(column: Callable[[str], str], source: str, holding: str, position: Callable[[str], str]) -> str:
    kept = "deleted_at IS NULL"
    arms = [f"SELECT {_COLUMNS} FROM users WHERE {column(part)} = :text AND {kept} LIMIT {ROWS}" for part in _PARTS]
    arms += [
        f"SELECT {_COLUMNS} FROM users WHERE {column(part)} > :text AND {column(part)} < :beyond AND {kept}"
        f" ORDER BY {column(part)} LIMIT {ROWS}"
        for part in _PARTS
    ]
    held = " OR ".join(f"{position(part)} > 0" for part in _PARTS)
    arms.append(f"SELECT {_COLUMNS} FROM {source} WHERE {holding} AND ({held}) AND {kept} LIMIT {ROWS}")
    return " UNION ALL ".join(f"SELECT * FROM ({arm}) AS arm" for arm in arms) + f" LIMIT {ROWS}"
