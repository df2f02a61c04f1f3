"""Changing the record behind Postern's back, as somebody can who owns the database but has not the key."""

from typing import Any

from tests.world import World
from webapp.audit.chain import ChainKeys
from webapp.audit.record import Actor, Deed, Subject, record
from webapp.audit.sealer import Sealer
from webapp.db.connect import engine, writing
from webapp.db.query import written

ROOT = Actor("root", 1, "192.0.2.7")
TABLES = ("audit_entries", "audit_seals", "audit_chain")


def keys_of(world: World) -> ChainKeys:
    return ChainKeys(world.kit.keys)


async def recorded(world: World, *names: str, action: str = "user:created") -> None:
    """One entry for each name."""
    for name in names:
        world.clock.advance(seconds=1)
        await record(ROOT, Deed(action, Subject(name)), now=world.clock())


async def sealed(world: World, *names: str) -> None:
    """The same, and all that is there is sealed."""
    await recorded(world, *names)
    await Sealer(keys_of(world)).once()


async def unguard() -> None:
    """Take the triggers away that refuse changes."""
    if engine() == "postgres":
        for table in TABLES:
            await writing().execute_query(f"ALTER TABLE {table} DISABLE TRIGGER USER")
        await writing().execute_query("ALTER TABLE audit_entries ENABLE TRIGGER audit_entries_insert")
        return
    refusing = "type = 'trigger' AND tbl_name LIKE 'audit%' AND sql LIKE '%RAISE%'"
    for row in await written(f"SELECT name FROM sqlite_master WHERE {refusing}"):  # noqa: S608 - a constant
        await writing().execute_query(f"DROP TRIGGER {row['name']}")


async def tamper(sql: str, *values: Any) -> None:
    """Change the record, the triggers taken away."""
    await unguard()
    await written(sql, *values)
