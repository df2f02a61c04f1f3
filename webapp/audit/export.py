"""The record as a file, written while it is read: never more than some entries are in memory."""

import json
from collections.abc import AsyncIterator
from dataclasses import asdict, fields
from enum import StrEnum
from typing import Final

from webapp.audit.search import Entry
from webapp.csv_cells import lines


class Format(StrEnum):
    """How it is written: CSV (RFC 4180), or a JSON object a line."""

    CSV = "csv"
    JSONL = "jsonl"


MEDIA_TYPES: Final = {Format.CSV: "text/csv; charset=utf-8", Format.JSONL: "application/jsonl"}
_COLUMNS: Final = tuple(each.name for each in fields(Entry))


async def written(pages: AsyncIterator[tuple[Entry, ...]], form: Format) -> AsyncIterator[str]:
    """The file, piece by piece. Moments are in UTC (RFC 3339)."""
    match form:
        case Format.CSV:
            # Without the mark some spreadsheets take UTF-8 for an older encoding.
            yield "\ufeff" + lines([_COLUMNS])
            async for page in pages:
                yield lines(_row(entry).values() for entry in page)
        case Format.JSONL:
            async for page in pages:
                yield "".join(f"{json.dumps(asdict(entry) | _moment(entry), ensure_ascii=False)}\n" for entry in page)


def _row(entry: Entry) -> dict[str, object]:
    details = json.dumps(entry.details, ensure_ascii=False) if entry.details else ""
    return {name: getattr(entry, name) for name in _COLUMNS} | _moment(entry) | {"details": details}


def _moment(entry: Entry) -> dict[str, object]:
    return {"at": entry.at.isoformat().replace("+00:00", "Z")}
