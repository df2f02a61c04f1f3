"""How many people can recover by mail, and why the others cannot."""

from webapp.db.query import rows
from webapp.users.question import Recovery


async def counts() -> dict[Recovery, int]:
    """How many people there are of each kind, exactly; the database counts whenever a person changes.

    So reading it costs the same however many people there are.
    """
    found = await rows("SELECT recovery, CAST(sum(number) AS bigint) AS number FROM recovery_counts GROUP BY recovery")
    return dict.fromkeys(Recovery, 0) | {Recovery(each["recovery"]): each["number"] for each in found}
