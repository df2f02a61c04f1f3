"""Keeping Postern in somebody's hands."""

import asyncio

import pytest

from tests.world import World
from webapp.audit.record import COMMAND_LINE, Actor
from webapp.principal import Role
from webapp.users.change_state import Changed, LastAdministrator, Oneself, OutOfReach, disable, enable
from webapp.users.edit import Corrected, Correction, correct
from webapp.users.models import User


async def _administrators(world: World, *names: str) -> list[User]:
    made = [await world.person(name, role=Role.ADMIN) for name in names]
    await User.filter(id__in=[each.id for each in made]).update(password_hash="$argon2id$x")
    return made


def _demotion(user: User) -> Correction:
    return Correction(email="", display_name="", role=Role.USER, version=user.version)


async def _usable() -> int:
    return await User.filter(role=Role.ADMIN, state="active", password_hash__isnull=False).count()


async def test_the_last_one_is_neither_disabled_nor_demoted(world: World) -> None:
    (root,) = await _administrators(world, "root")
    await world.person("without.password", role=Role.ADMIN)
    assert await disable(root.id, actor=COMMAND_LINE, now=world.clock()) == LastAdministrator()
    assert await correct(root.id, _demotion(root), actor=COMMAND_LINE, now=world.clock()) == LastAdministrator()
    assert await _usable() == 1


async def test_nobody_disables_or_demotes_themselves(world: World) -> None:
    root, _ = await _administrators(world, "root", "other")
    oneself = Actor("root", root.id)
    assert await disable(root.id, actor=oneself, now=world.clock()) == Oneself()
    assert await correct(root.id, _demotion(root), actor=oneself, now=world.clock()) == Oneself()


@pytest.mark.parametrize("way", ["disable", "demote", "both"])
async def test_two_who_remove_each_other_at_once_leave_one(world: World, way: str) -> None:
    for round_number in range(5):
        await User.all().delete()
        first, second = await _administrators(world, f"first{round_number}", f"second{round_number}")
        now = world.clock()
        ways = {
            "disable": (
                disable(second.id, actor=Actor("first", first.id), now=now),
                disable(first.id, actor=Actor("second", second.id), now=now),
            ),
            "demote": (
                correct(second.id, _demotion(second), actor=Actor("first", first.id), now=now),
                correct(first.id, _demotion(first), actor=Actor("second", second.id), now=now),
            ),
            "both": (
                disable(second.id, actor=Actor("first", first.id), now=now),
                correct(first.id, _demotion(first), actor=Actor("second", second.id), now=now),
            ),
        }
        chosen = ways.pop(way)
        for unused in (each for pair in ways.values() for each in pair):
            unused.close()
        outcomes = await asyncio.gather(*chosen)
        assert outcomes.count(LastAdministrator()) == 1
        assert sum(isinstance(outcome, Changed | Corrected) for outcome in outcomes) == 1
        assert await _usable() == 1


async def test_many_who_remove_one_another_leave_one(world: World) -> None:
    everybody = await _administrators(world, *(f"admin{number}" for number in range(5)))
    await asyncio.gather(
        *(
            disable(other.id, actor=Actor(each.username, each.id), now=world.clock())
            for each in everybody
            for other in everybody
            if other.id != each.id
        )
    )
    assert await _usable() == 1


async def test_disabling_ends_sessions_and_links_and_enabling_revives_neither(world: World) -> None:
    ada = await world.person("ada")
    assert await disable(ada.id, actor=COMMAND_LINE, now=world.clock()) == Changed()
    assert await enable(ada.id, actor=COMMAND_LINE, now=world.clock()) == Changed()
    now = await User.get(id=ada.id)
    assert now.credentials_version == ada.credentials_version + 1
    assert now.recovery_version == ada.recovery_version + 1


async def test_a_person_who_has_moved_out_of_reach_meanwhile_is_left_alone(world: World) -> None:
    ada = await world.person("ada", role=Role.AUDITOR)
    within = frozenset({Role.USER})
    assert await disable(ada.id, actor=COMMAND_LINE, now=world.clock(), reach=within) == OutOfReach()
    assert await enable(ada.id, actor=COMMAND_LINE, now=world.clock(), reach=within) == OutOfReach()
    correction = Correction(email="x@example.org", display_name="", version=ada.version)
    assert await correct(ada.id, correction, actor=COMMAND_LINE, now=world.clock(), reach=within) == OutOfReach()
    assert (await User.get(id=ada.id)).email is None
