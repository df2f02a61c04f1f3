"""People as a file: CSV that no spreadsheet runs, or JSON Lines; read in pages, so that memory stays flat."""

import json
from collections.abc import AsyncIterator, Collection
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from webapp import csv_cells
from webapp.db.query import rows
from webapp.users.narrowing import Where, both, where
from webapp.users.question import Question

BATCH: Final = 2_000
COLUMNS: Final = (
    "id", "username", "display_name", "email", "role", "state", "email_verified_at", "email_refused_at",
    "second_factor", "must_change", "created_at", "last_sign_in_at",
)  # fmt: skip
"""Nothing in them opens an account."""


class Format(StrEnum):
    """How the file is written."""

    CSV = "csv"
    JSON_LINES = "jsonl"


async def people(
    question: Question, *, now: datetime, locked: Collection[int] = ()
) -> AsyncIterator[list[dict[str, Any]]]:
    """Everybody whom the question asks for, some at a time, in the order of their ids."""
    asked, last = where(question, now=now, locked=locked), 0
    while True:
        page = both([asked, Where("id > ?", (last,))])
        sql = f"SELECT {', '.join(COLUMNS)} FROM users WHERE {page.sql} ORDER BY id LIMIT {BATCH}"  # noqa: S608
        found = await rows(sql, *page.values)
        if found:
            yield found
            last = found[-1]["id"]
        if len(found) < BATCH:
            return


async def written(pages: AsyncIterator[list[dict[str, Any]]], kind: Format) -> AsyncIterator[str]:
    """The file, piece by piece."""
    if kind is Format.CSV:
        yield "\ufeff" + csv_cells.lines([COLUMNS])  # by the mark Excel knows that it is UTF-8
    async for page in pages:
        if kind is Format.CSV:
            yield csv_cells.lines([_plain(each[name]) for name in COLUMNS] for each in page)
        else:
            yield "".join(json.dumps(_json(each), ensure_ascii=False, default=str) + "\n" for each in page)


def _plain(value: Any) -> Any:
    return value.isoformat(" ") if isinstance(value, datetime) else value


def _json(row: dict[str, Any]) -> dict[str, Any]:
    return {**row, "second_factor": bool(row["second_factor"]), "must_change": bool(row["must_change"])}
