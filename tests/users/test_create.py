"""Creating people."""

import asyncio

from tests.world import World
from webapp.audit.models import AuditEntry
from webapp.audit.record import Actor
from webapp.users.create import EMAIL_TAKEN, USERNAME_TAKEN, Created, NewPerson, Taken, create
from webapp.users.models import User

ROOT = Actor("root", 1)


async def test_usernames_and_addresses_are_unique_whatever_their_case(world: World) -> None:
    await world.person("Änne", email="Anne@example.org")
    twins = (NewPerson(username="ÄNNE"), NewPerson(username="ａnne", email="anne@EXAMPLE.org"))
    first, second = [await create(twin, actor=ROOT, now=world.clock()) for twin in twins]
    assert first == Taken("username", USERNAME_TAKEN)
    assert second == Taken("email", EMAIL_TAKEN)
    assert await User.all().count() == 1


async def test_of_several_who_want_one_name_at_once_one_gets_it(world: World) -> None:
    wanted = [NewPerson(username="Ada", email=f"ada{number}@example.org") for number in range(6)]
    outcomes = await asyncio.gather(*(create(each, actor=ROOT, now=world.clock()) for each in wanted))
    assert sum(isinstance(outcome, Created) for outcome in outcomes) == 1
    assert outcomes.count(Taken("username", USERNAME_TAKEN)) == 5
    assert await User.all().count() == 1
    assert await AuditEntry.filter(action="user:created").count() == 1
