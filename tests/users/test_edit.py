"""Correcting people."""

import asyncio

import pytest

from tests.world import World
from webapp.audit.models import AuditEntry
from webapp.audit.record import Actor
from webapp.principal import Role
from webapp.users.create import EMAIL_TAKEN, Taken
from webapp.users.edit import Corrected, Correction, Outdated, correct
from webapp.users.models import User
from webapp.users.question import Question
from webapp.users.search import find

ROOT = Actor("root", None)


async def _correct(user: User, world: World, **values: object) -> object:
    kept = {"email": user.email or "", "display_name": user.display_name, "version": user.version}
    return await correct(user.id, Correction(**{**kept, **values}), actor=ROOT, now=world.clock())  # type: ignore[arg-type]


async def test_a_new_address_starts_anew_and_ends_links_sent_to_the_old_one(world: World) -> None:
    ada = await world.person("ada", email="old@example.org")
    await User.filter(id=ada.id).update(
        email_verified_at=world.clock(), email_refused_at=world.clock(), email_refusal="550 5.1.1"
    )
    assert await _correct(ada, world, email="new@example.org") == Corrected(is_new_address=True)
    now = await User.get(id=ada.id)
    assert (now.email, now.email_verified_at, now.email_refused_at, now.email_refusal) == (
        "new@example.org",
        None,
        None,
        "",
    )
    assert now.recovery_version == ada.recovery_version + 1
    assert [person.username for person in (await find(Question(text="new@"), now=world.clock())).people] == ["ada"]
    assert (await find(Question(text="old@"), now=world.clock())).people == ()
    entry = await AuditEntry.get(action="user:corrected")
    assert entry.details == {"email before": "old@example.org", "email after": "new@example.org"}


async def test_a_new_name_leaves_links_and_the_state_of_the_address_alone(world: World) -> None:
    ada = await world.person("ada", email="ada@example.org")
    await User.filter(id=ada.id).update(email_verified_at=world.clock())
    assert await _correct(ada, world, display_name="Ada") == Corrected(is_new_address=False)
    now = await User.get(id=ada.id)
    assert now.recovery_version == ada.recovery_version
    assert now.email_verified_at == world.clock()


async def test_saving_what_is_there_records_nothing_and_outdates_nobody(world: World) -> None:
    ada = await world.person("ada", email="ada@example.org")
    assert await _correct(ada, world) == Corrected(is_new_address=False)
    assert (await User.get(id=ada.id)).version == ada.version
    assert not await AuditEntry.filter(action="user:corrected").exists()


async def test_of_several_who_save_at_once_one_is_first_and_the_others_are_told(world: World) -> None:
    ada = await world.person("ada")
    outcomes = await asyncio.gather(*(_correct(ada, world, display_name=f"Ada {number}") for number in range(5)))
    assert sum(isinstance(outcome, Corrected) for outcome in outcomes) == 1
    assert sum(isinstance(outcome, Outdated) for outcome in outcomes) == 4
    assert (await User.get(id=ada.id)).version == ada.version + 1


async def test_of_several_people_who_get_one_address_at_once_one_has_it(world: World) -> None:
    people = [await world.person(f"person{number}") for number in range(4)]
    outcomes = await asyncio.gather(*(_correct(each, world, email="one@example.org") for each in people))
    assert outcomes.count(Corrected(is_new_address=True)) == 1
    assert outcomes.count(Taken("email", EMAIL_TAKEN)) == 3
    assert await User.filter(email="one@example.org").count() == 1


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (Role.USER, Role.HELPDESK),
        (Role.HELPDESK, Role.ADMIN),
        (Role.HELPDESK, Role.USER),
        (Role.HELPDESK, Role.AUDITOR),
        (Role.AUDITOR, Role.USER),
    ],
)
async def test_another_role_ends_sessions(world: World, before: Role, after: Role) -> None:
    ada = await world.person("ada", role=before)
    assert await _correct(ada, world, role=after) == Corrected(is_new_address=False)
    now = await User.get(id=ada.id)
    assert now.role is after
    assert now.credentials_version > ada.credentials_version
