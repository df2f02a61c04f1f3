"""How many letters there are in each state."""

from webapp.db.connect import OutagesPass, reading
from webapp.outbox.models import LetterState


async def letters_by_state() -> dict[str, int] | None:
    """The number of letters in each state, also where it is 0; None while the database is away."""
    with OutagesPass():
        rows = await reading().execute_query_dict("SELECT state, count(*) AS number FROM letters GROUP BY state")
        found = {row["state"]: row["number"] for row in rows}
        return {state.value: found.get(state.value, 0) for state in LetterState}
    return None
