"""Entries are chained after they were committed, and whatever is done to them behind Postern's back is found."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from tests.audit.tampering import TABLES, keys_of, recorded, sealed, tamper, unguard
from tests.world import KEYS, World
from webapp.audit.chain import ChainKeys, End
from webapp.audit.ends import ChainBroken
from webapp.audit.forget import forget_batch
from webapp.audit.models import AuditChain, AuditEntry, AuditSeal
from webapp.audit.record import RETENTION, Deed, record
from webapp.audit.sealer import LEASE, Sealer, seal_batch
from webapp.audit.verify import Broken, Fault, Intact, verify
from webapp.crypto.keys import Keys
from webapp.db import lease
from webapp.db.connect import transaction
from webapp.db.query import written

NAMES = ("ada", "bob", "carl", "dora", "eve")


async def look(world: World) -> tuple[Fault, int | None]:
    """What is found first, and where."""
    found = await verify(keys_of(world))
    assert isinstance(found, Broken), found
    return found.fault, found.number


async def test_an_untouched_record_is_intact(world: World) -> None:
    assert await verify(keys_of(world)) == Intact(ends=(await _intact(world)).ends, unsealed=0)
    await sealed(world, *NAMES)
    await recorded(world, "frank")
    found = await _intact(world)
    assert (found.ends.last.number, found.unsealed) == (5, 1)
    await sealed(world)
    assert (await _intact(world)).ends.last.number == 6


async def _intact(world: World) -> Intact:
    found = await verify(keys_of(world))
    assert isinstance(found, Intact), found
    return found


@pytest.mark.parametrize(
    "column", ["actor", "action", "subject", "network", "details", "at", "actor_id", "subject_id", "id"]
)
async def test_a_changed_entry_is_named(world: World, column: str) -> None:
    await sealed(world, *NAMES)
    third = (await AuditSeal.get(number=3)).entry_id
    new = {
        "details": """'{"x": "y"}'""",
        "at": "'2026-11-22 12:00:00.000001+00:00'",
        "actor_id": "7",
        "subject_id": "7",
        "id": "999",
    }.get(column, "'else'")
    await tamper(f"UPDATE audit_entries SET {column} = {new} WHERE id = ?", third)  # noqa: S608 - of the parameters
    expected = Fault.REMOVED if column == "id" else Fault.CHANGED
    found = await verify(keys_of(world))
    assert isinstance(found, Broken)
    assert (found.fault, found.number, found.entry_id, found.sealed) == (expected, 3, third, 2)
    assert found.entry is None if column == "id" else found.entry is not None


async def test_a_removed_entry_is_missed(world: World) -> None:
    await sealed(world, *NAMES)
    third = (await AuditSeal.get(number=3)).entry_id
    await tamper("DELETE FROM audit_entries WHERE id = ?", third)
    assert await look(world) == (Fault.REMOVED, 3)
    await written("DELETE FROM audit_seals WHERE number = 3")
    assert await look(world) == (Fault.REMOVED, 3)
    # Closing the gap helps nobody.
    for number in (4, 5):
        await written("UPDATE audit_seals SET number = ? WHERE number = ?", number - 1, number)
    assert await look(world) == (Fault.CHANGED, 3)


async def test_entries_in_another_order_are_found(world: World) -> None:
    await sealed(world, *NAMES)
    await tamper("UPDATE audit_seals SET number = 99 WHERE number = 2")
    await written("UPDATE audit_seals SET number = 2 WHERE number = 4")
    await written("UPDATE audit_seals SET number = 4 WHERE number = 99")
    assert await look(world) == (Fault.CHANGED, 2)


async def test_an_entry_put_in_between_is_found(world: World) -> None:
    await sealed(world, *NAMES)
    await recorded(world, "mallory")
    forged = await AuditEntry.get(subject="mallory")
    await unguard()
    for number in (5, 4, 3):
        await written("UPDATE audit_seals SET number = ? WHERE number = ?", number + 1, number)
    mac = (await AuditSeal.get(number=2)).mac
    key_id = keys_of(world).newest
    await written("UPDATE audit_seals SET number = 3, mac = ?, key_id = ? WHERE entry_id = ?", mac, key_id, forged.id)
    assert await look(world) == (Fault.CHANGED, 3)


async def test_what_is_cut_off_at_the_end_is_missed(world: World) -> None:
    await sealed(world, *NAMES)
    await unguard()
    await written("DELETE FROM audit_entries WHERE id IN (SELECT entry_id FROM audit_seals WHERE number > 3)")
    assert await look(world) == (Fault.REMOVED, 4)
    await written("DELETE FROM audit_seals WHERE number > 3")
    assert await look(world) == (Fault.CUT_OFF, 4)
    third = await AuditSeal.get(number=3)
    await written("UPDATE audit_chain SET last_number = 3, last_mac = ?", third.mac)
    assert await look(world) == (Fault.ENDS, None)
    await written("DELETE FROM audit_chain")
    assert await look(world) == (Fault.ENDS, None)
    # Nor does the sealer begin anew over it.
    await recorded(world, "frank")
    with pytest.raises(ChainBroken):
        await Sealer(keys_of(world)).once()


async def test_a_beginning_that_retention_did_not_cut_off_is_missed(world: World) -> None:
    await sealed(world, *NAMES)
    await unguard()
    await written("DELETE FROM audit_entries WHERE id IN (SELECT entry_id FROM audit_seals WHERE number < 3)")
    await written("DELETE FROM audit_seals WHERE number < 3")
    assert await look(world) == (Fault.REMOVED, 1)
    second = await AuditSeal.get(number=3)
    await written("UPDATE audit_chain SET first_number = 2, first_mac = ?", second.mac)
    assert await look(world) == (Fault.ENDS, None)


async def test_seals_beyond_the_end_are_found_and_not_sealed_over(world: World) -> None:
    await sealed(world, *NAMES)
    await recorded(world, "mallory")
    forged = await AuditEntry.get(subject="mallory")
    await tamper("UPDATE audit_seals SET number = 6, mac = 'x' WHERE entry_id = ?", forged.id)
    assert await look(world) == (Fault.ADDED, 6)
    await recorded(world, "frank")
    with pytest.raises(ChainBroken):
        await Sealer(keys_of(world)).once()


async def test_an_entry_that_never_gets_a_seal_is_found(world: World) -> None:
    await sealed(world, *NAMES)
    await recorded(world, "frank")
    hidden = await AuditEntry.get(subject="frank")
    await tamper("DELETE FROM audit_seals WHERE entry_id = ?", hidden.id)
    assert await look(world) == (Fault.TAKEN_OUT, None)


async def test_a_state_that_was_put_back_is_told_from_what_was_noted_down(world: World) -> None:
    await sealed(world, "ada", "bob")
    earlier = (await _intact(world)).ends.last
    before = await AuditChain.all().values()
    await sealed(world, "carl")
    noted = (await _intact(world)).ends.last
    assert isinstance(await verify(keys_of(world), noted=earlier), Intact)
    await unguard()
    await written("DELETE FROM audit_entries WHERE id IN (SELECT entry_id FROM audit_seals WHERE number > 2)")
    await written("DELETE FROM audit_seals WHERE number > 2")
    await AuditChain.all().update(**{name: value for name, value in before[0].items() if name != "id"})
    # Nothing in the database can tell; what was noted down can.
    assert isinstance(await verify(keys_of(world)), Intact)
    found = await verify(keys_of(world), noted=noted)
    assert isinstance(found, Broken)
    assert (found.fault, found.number) == (Fault.OTHER_PAST, 3)
    found = await verify(keys_of(world), noted=End(2, noted.mac))
    assert isinstance(found, Broken)
    assert found.fault is Fault.OTHER_PAST


async def test_the_chain_goes_on_under_a_new_key_and_old_seals_stay_good(world: World) -> None:
    await sealed(world, "ada", "bob")
    rotated = ChainKeys(Keys.parse(f"{'n' * 40},{KEYS}"))
    await recorded(world, "carl")
    await Sealer(rotated).once()
    # A process that does not know the new key yet cannot vouch for the ends, and leaves them alone.
    await recorded(world, "dora")
    with pytest.raises(ChainBroken):
        await Sealer(keys_of(world)).once()
    await Sealer(rotated).once()
    found = await verify(rotated)
    assert isinstance(found, Intact)
    assert found.ends.last.number == 4
    assert len({each.key_id for each in await AuditSeal.all()}) == 2
    lost = await verify(ChainKeys(Keys.parse("n" * 40)))
    assert isinstance(lost, Broken)
    assert (lost.fault, lost.number) == (Fault.UNKNOWN_KEY, 1)


async def test_two_sealers_at_once_make_one_chain(world: World) -> None:
    async def record_some(name: str) -> None:
        for number in range(30):
            async with transaction():
                await record(RETENTION, Deed("user:created", details={"n": f"{name}{number}"}), now=world.clock())

    async def seal_some() -> None:
        # Without the lease, which may fail: the row of the ends is held.
        for _ in range(30):
            await seal_batch(keys_of(world), limit=3)

    await asyncio.gather(*(record_some(name) for name in "abc"), seal_some(), seal_some(), seal_some())
    await Sealer(keys_of(world)).once()
    found = await _intact(world)
    assert (found.ends.last.number, found.unsealed) == (90, 0)


async def test_one_sealer_holds_the_lease(world: World) -> None:
    await recorded(world, "ada")
    assert await lease.take(LEASE, "another", 60)
    assert await Sealer(keys_of(world)).once() == 0
    await lease.give_back(LEASE, "another")
    assert await Sealer(keys_of(world)).once() == 1


async def test_what_becomes_visible_later_is_sealed_later(world: World) -> None:
    """On PostgreSQL an entry with a lower id may be committed after one with a higher id."""
    begun, other_done = asyncio.Event(), asyncio.Event()

    async def slow() -> None:
        async with transaction():
            await recorded(world, "slow")
            begun.set()
            await other_done.wait()

    if world.kit.database.engine == "postgres":
        waiting = asyncio.create_task(slow())
        await begun.wait()
        await sealed(world, "fast")
        other_done.set()
        await waiting
    else:
        await sealed(world, "fast")  # SQLite has one writer at a time: ids are in the order of commits
        await recorded(world, "slow")
    await sealed(world)
    seals = {each.entry_id: each.number for each in await AuditSeal.all()}
    numbers = {entry.subject: seals[entry.id] for entry in await AuditEntry.all()}
    assert numbers == {"fast": 1, "slow": 2}
    await _intact(world)


async def test_a_running_sealer_seals_and_ends_when_told(world: World) -> None:
    stop = asyncio.Event()
    running = asyncio.create_task(Sealer(keys_of(world)).run(stop))
    await recorded(world, "ada")
    async with asyncio.timeout(10):
        while not await AuditSeal.filter(number=1).exists():
            await asyncio.sleep(0.02)
    await recorded(world, "bob")
    stop.set()
    await asyncio.wait_for(running, 10)
    assert (await _intact(world)).unsealed == 0


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit_entries SET actor = 'else'",
        "UPDATE audit_entries SET search = ''",
        "DELETE FROM audit_entries",
        "UPDATE audit_seals SET mac = 'x'",
        "UPDATE audit_seals SET number = NULL",
        "DELETE FROM audit_seals",
        "UPDATE audit_chain SET last_number = 1",
        "DELETE FROM audit_chain",
    ],
)
async def test_the_database_itself_refuses(world: World, statement: str) -> None:
    await sealed(world, *NAMES)
    before = [await table_rows(table) for table in TABLES]
    with pytest.raises(Exception, match="audit"):
        await written(statement)
    assert [await table_rows(table) for table in TABLES] == before


async def table_rows(table: str) -> list[dict[str, object]]:
    return await written(f"SELECT * FROM {table} ORDER BY 1")  # noqa: S608 - of the tables


@pytest.mark.parametrize("table", TABLES)
async def test_nor_may_rows_be_replaced_or_the_table_be_emptied(world: World, table: str) -> None:
    await sealed(world, *NAMES)
    before = await table_rows(table)
    replaced = f"INSERT OR REPLACE INTO {table} SELECT * FROM {table}"  # noqa: S608 - of the tables
    statement = replaced if world.kit.database.engine == "sqlite" else f"TRUNCATE {table}"
    with pytest.raises(Exception, match="audit"):
        await written(statement)
    assert await table_rows(table) == before


async def test_retention_takes_the_oldest_and_the_rest_is_still_verified(world: World) -> None:
    await sealed(world, "ada", "bob")
    bound = world.clock() + timedelta(seconds=1)
    world.clock.advance(days=1)
    await sealed(world, "carl")
    gone = await forget_batch(keys_of(world), before=bound, actor=RETENTION, now=world.clock())
    assert gone == 2
    assert [each.subject for each in await AuditEntry.all().order_by("id")] == ["carl", ""]
    entry = await AuditEntry.get(action="audit:forgot")
    assert (entry.actor, entry.details["entries"], entry.details["up_to"]) == ("retention", "2", "2")
    found = await _intact(world)
    assert (found.ends.first.number, found.ends.last.number, found.unsealed) == (2, 3, 1)
    await sealed(world)
    assert await forget_batch(keys_of(world), before=bound, actor=RETENTION, now=world.clock()) == 0
    # What was deleted is missed if it was cut off by anybody else.
    await tamper("DELETE FROM audit_seals WHERE number = 3")
    assert await look(world) == (Fault.REMOVED, 3)


async def test_retention_leaves_what_is_not_sealed_and_what_does_not_fit(world: World) -> None:
    await recorded(world, "ada")
    later = world.clock() + timedelta(days=1)
    assert await forget_batch(keys_of(world), before=later, actor=RETENTION, now=later) == 0
    await sealed(world, "bob")
    await tamper("UPDATE audit_entries SET actor = 'else' WHERE subject = 'bob'")
    with pytest.raises(ChainBroken):
        await forget_batch(keys_of(world), before=later, actor=RETENTION, now=later)
    assert await AuditEntry.all().count() == 2


async def test_verifying_goes_on_while_retention_and_sealer_work(world: World) -> None:
    await sealed(world, *(f"n{number}" for number in range(40)))
    bound = world.clock() + timedelta(seconds=1)
    world.clock.advance(days=1)
    done = asyncio.Event()

    async def forget() -> None:
        while await forget_batch(keys_of(world), before=bound, actor=RETENTION, now=world.clock(), limit=4):
            await seal_batch(keys_of(world))
        done.set()

    async def look_again() -> None:
        while not done.is_set():
            await _intact(world)

    await asyncio.gather(forget(), look_again())
    found = await _intact(world)
    assert replace(found, unsealed=0).ends.first.number == 40
