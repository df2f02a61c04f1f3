"""Writing down what became of many rows of a job, in one statement."""

import json
from collections.abc import Iterable
from typing import Any, Final, NamedTuple

from webapp.db.connect import engine, writing

_SETTLE: Final = {
    "sqlite": "UPDATE job_rows SET fate = given.value ->> 'fate', reason = given.value -> 'reason',"
    " user_id = given.value ->> 'user_id', data = '' FROM json_each(?1) AS given"
    " WHERE job_rows.id = given.value ->> 'id'",
    "postgres": "UPDATE job_rows SET fate = given.fate, reason = given.reason, user_id = given.user_id, data = ''"
    " FROM jsonb_to_recordset($1::jsonb) AS given(id bigint, fate text, reason jsonb, user_id bigint)"
    " WHERE job_rows.id = given.id",
}


class Settled(NamedTuple):
    """What became of a row."""

    id: int
    fate: str
    reason: list[Any]
    """As ``told`` gives it."""
    user_id: int | None


async def settle(rows: Iterable[Settled]) -> None:
    """Keep what became of each row, and forget what it asked for. Call it inside a transaction."""
    await writing().execute_query(_SETTLE[engine()], [json.dumps([each._asdict() for each in rows])])
