"""The row that keeps the two ends of the chain."""

import hmac
from dataclasses import dataclass
from typing import Any

from webapp.audit.chain import ChainKeys, End, Ends
from webapp.db.connect import engine
from webapp.db.query import rows, written


class ChainBroken(Exception):
    """Raised if the chain is not as it was left: going on would hide that. `postern audit verify` says where."""


@dataclass(frozen=True, slots=True)
class Kept:
    """The ends as they stand in the database, and whether the row's own seal fits."""

    ends: Ends
    intact: bool


async def read_ends(keys: ChainKeys) -> Kept | None:
    """The ends; None while nothing was ever sealed."""
    found = await rows("SELECT * FROM audit_chain WHERE id = 1")
    return _kept(found[0], keys) if found else None


async def hold_ends(keys: ChainKeys) -> Kept | None:
    """The same, held until the end of the transaction: of several that would write, one does, and the others wait."""
    locked = " FOR UPDATE" if engine() == "postgres" else ""
    found = await written(f"SELECT * FROM audit_chain WHERE id = 1{locked}")  # noqa: S608 - constants
    return _kept(found[0], keys) if found else None


async def begin_ends(keys: ChainKeys) -> None:
    """Make the row, unless there is one."""
    await written(
        "INSERT INTO audit_chain (id, first_number, first_mac, last_number, last_mac, key_id, mac)"
        " SELECT 1, CAST(? AS bigint), CAST(? AS varchar), CAST(? AS bigint), CAST(? AS varchar),"
        " CAST(? AS varchar), CAST(? AS varchar)"
        " WHERE NOT EXISTS (SELECT 1 FROM audit_chain) ON CONFLICT DO NOTHING",
        *_values(keys, Ends()),
    )


async def move_ends(keys: ChainKeys, ends: Ends) -> None:
    """Write the ends as they are now, inside the transaction that holds them."""
    await written(
        "UPDATE audit_chain SET first_number = ?, first_mac = ?, last_number = ?, last_mac = ?, key_id = ?, mac = ?",
        *_values(keys, ends),
    )


def _values(keys: ChainKeys, ends: Ends) -> tuple[int | str, ...]:
    key_id = keys.newest
    return (
        *(ends.first.number, ends.first.mac, ends.last.number, ends.last.mac),
        *(key_id, keys.seal_ends(ends, key_id)),
    )


def _kept(row: dict[str, Any], keys: ChainKeys) -> Kept:
    ends = Ends(End(row["first_number"], row["first_mac"]), End(row["last_number"], row["last_mac"]))
    key_id = row["key_id"]
    return Kept(ends, keys.has(key_id) and hmac.compare_digest(row["mac"], keys.seal_ends(ends, key_id)))
