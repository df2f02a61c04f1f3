"""How many people can recover by mail, and why the others cannot."""

from dataclasses import dataclass

from webapp.db.connect import engine, writing
from webapp.db.query import rows
from webapp.users.question import CANNOT_RECOVER, Recovery


@dataclass(frozen=True, slots=True)
class Reachability:
    """How many people there are, and how many of them cannot recover by mail, by the first reason."""

    everybody: int
    """Without those who are deleted."""
    cannot: dict[Recovery, int]
    """In the order of CANNOT_RECOVER; reasons that hold for nobody are left out."""
    unverified: int
    """Who can recover, by an address that nobody has confirmed."""

    @property
    def out_of_reach(self) -> int:
        """How many cannot recover by mail, though the mail server is well."""
        return sum(self.cannot.values())


async def reachability() -> Reachability:
    """How it is now."""
    found = await counts()
    return Reachability(
        everybody=sum(number for each, number in found.items() if each is not Recovery.DELETED),
        cannot={each: found[each] for each in CANNOT_RECOVER if found[each]},
        unverified=found[Recovery.UNVERIFIED],
    )


async def counts() -> dict[Recovery, int]:
    """How many people there are of each kind, exactly; the database counts whenever a person changes.

    So reading it costs the same however many people there are.
    """
    found = await rows("SELECT recovery, CAST(sum(number) AS bigint) AS number FROM recovery_counts GROUP BY recovery")
    return dict.fromkeys(Recovery, 0) | {Recovery(each["recovery"]): each["number"] for each in found}


async def add_up() -> None:
    """Put the differences that PostgreSQL has noted into one row for each kind; SQLite keeps one by itself."""
    if engine() == "postgres":
        await writing().execute_query(
            "WITH noted AS (DELETE FROM recovery_counts RETURNING recovery, number)"
            " INSERT INTO recovery_counts SELECT recovery, sum(number) FROM noted GROUP BY recovery"
        )
