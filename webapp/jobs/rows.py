"""Writing down what became of many rows of a job, in one statement."""

import json
from collections.abc import Sequence
from typing import Final

from webapp.db.connect import engine, writing
from webapp.jobs.models import JobRow

_SETTLE: Final = {
    "sqlite": "UPDATE job_rows SET fate = given.value ->> 'fate', reason = given.value -> 'reason',"
    " user_id = given.value ->> 'user_id', data = '' FROM json_each(?1) AS given"
    " WHERE job_rows.id = given.value ->> 'id'",
    "postgres": "UPDATE job_rows SET fate = given.fate, reason = given.reason, user_id = given.user_id, data = ''"
    " FROM jsonb_to_recordset($1::jsonb) AS given(id bigint, fate text, reason jsonb, user_id bigint)"
    " WHERE job_rows.id = given.id",
}


async def settle(rows: Sequence[JobRow]) -> None:
    """Keep the fate, the reason and the person of each row, and forget what it asked for."""
    given = [{"id": row.id, "fate": row.fate, "reason": row.reason, "user_id": row.user_id} for row in rows]
    await writing().execute_query(_SETTLE[engine()], [json.dumps(given)])
