"""How many accounts are frozen, which every page of an administrator asks."""

from tests.world import World
from webapp.db.connect import engine, reading
from webapp.users.find import EPOCH, frozen_accounts
from webapp.users.models import User


async def test_they_are_counted_without_those_that_are_deleted(world: World) -> None:
    assert await frozen_accounts() == 0
    for name in ("ada", "bob", "carol", "dan"):
        await world.person(name)
    await User.filter(username__in=["ada", "bob", "carol"]).update(frozen_at=world.clock())
    await User.filter(username="bob").update(deleted_at=world.clock())
    assert await frozen_accounts() == 2


async def test_sqlite_reads_an_index_for_it_however_many_people_there_are(world: World) -> None:
    if engine() != "sqlite":
        return  # PostgreSQL chooses by its statistics, and takes the index where people are many
    sql = User.filter(frozen_at__gt=EPOCH, deleted_at=None).sql(params_inline=True)
    plan = await reading().execute_query_dict(f"EXPLAIN QUERY PLAN {sql}")
    assert "USING INDEX" in plan[0]["detail"], plan
