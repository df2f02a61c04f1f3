"""The last administrator who can sign in is neither disabled, demoted, deleted nor given a password.

Not even by two at once; a password that staff gives runs out. Freezing is the owner's own word, and shuts the last one
as well: the way back is on the machine (`postern users recovery-link`).
"""

import asyncio
from collections.abc import Awaitable, Callable

import httpx2
import pytest

from tests.served import Served
from tests.world import PASSWORD, Browser, World
from webapp.audit.record import Actor
from webapp.outbox.models import Letter
from webapp.principal import Role
from webapp.recovery.not_me.freeze import Frozen, freeze
from webapp.recovery.not_me.link import mint
from webapp.users.change_state import Changed, LastAdministrator, disable
from webapp.users.models import User

Removal = Callable[[Browser, User], Awaitable[httpx2.Response]]


async def _disable(browser: Browser, user: User) -> httpx2.Response:
    return await browser.post(f"/users/{user.id}/state", {"state": "disabled"})


async def _demote(browser: Browser, user: User) -> httpx2.Response:
    fields = {"email": user.email or "", "display_name": "", "role": "user", "version": str(user.version)}
    return await browser.post(f"/users/{user.id}", fields)


async def _give_password(browser: Browser, user: User) -> httpx2.Response:
    return await browser.post(f"/users/{user.id}/password", {"new_password": "nine purple lanterns humming"})


async def _delete(browser: Browser, user: User) -> httpx2.Response:
    return await browser.post(f"/users/{user.id}/deletion", {"username": user.username})


REMOVALS: dict[str, tuple[Removal, Removal]] = {
    "disable": (_disable, _disable),
    "demote": (_demote, _demote),
    "both": (_disable, _demote),
    "delete": (_delete, _delete),
    "delete and disable": (_delete, _disable),
    "give a password": (_give_password, _give_password),
    "give a password and demote": (_give_password, _demote),
}


async def _usable() -> list[str]:
    found = await User.filter(role=Role.ADMIN, frozen_at=None, password_hash__not_isnull=True, password_expires_at=None)
    return [each.username for each in found if each.may_enter]


@pytest.mark.parametrize("way", list(REMOVALS))
async def test_two_at_once_leave_one(site: Served, way: str) -> None:
    for number in range(4):
        await User.all().delete()
        names = (f"first{number}", f"second{number}")
        one, other = [await site.signed_in(name) for name in names]
        first, second = [await User.get(username=name) for name in names]
        remove, remove_too = REMOVALS[way]
        answers = await asyncio.gather(remove(one, second), remove_too(other, first))
        # Whoever comes second is refused, or signed out already by what the first one did.
        assert [each.status_code for each in answers] != [422, 422]
        assert len(await _usable()) == 1


UNFIT: dict[str, dict[str, object]] = {
    "frozen": {"frozen_at": True},
    "deleted": {"deleted_at": True},
    "disabled": {"state": "disabled"},
    "without a password": {"password_hash": None},
    "with a password that may run out": {"password_expires_at": True},
}


@pytest.mark.parametrize("unfit", list(UNFIT))
@pytest.mark.parametrize("remove", [_disable, _demote, _delete, _give_password])
async def test_one_who_cannot_sign_in_is_no_other(world: World, remove: Removal, unfit: str) -> None:
    await world.admin()
    root = await User.get(username="root")
    other = await world.person("other", password=PASSWORD, role=Role.ADMIN)
    browser = await world.entered("other")
    changes = {name: world.clock() if value is True else value for name, value in UNFIT[unfit].items()}
    if {"state", "frozen_at", "deleted_at"} & changes.keys():
        # Nobody is signed in then: it is a third, who cannot sign in again, that acts.
        await world.person("third", role=Role.ADMIN)
        browser = await world.entered("third")
    await User.filter(id=other.id).update(**changes)
    answer = await remove(browser, root)
    assert answer.status_code == 422, answer.text
    assert "This is the last administrator who can sign in." in answer.text
    assert await _usable() == ["root"]


@pytest.mark.parametrize("fit", [{"second_factor": True}, {"must_change": True}])
async def test_one_who_owes_a_factor_or_a_password_is_another(world: World, fit: dict[str, object]) -> None:
    # They get in by themselves, by giving what is asked for.
    await world.admin()
    root = await User.get(username="root")
    await world.person("other", password=PASSWORD, role=Role.ADMIN)
    await world.person("third", role=Role.ADMIN)
    browser = await world.entered("third")
    await User.filter(username="other").update(**fit)
    assert (await _disable(browser, root)).status_code == 303


async def test_freezing_one_and_disabling_the_other_at_once_agree_on_who_came_first(world: World) -> None:
    for number in range(6):
        await User.all().delete()
        first, second = [
            await world.person(f"{name}{number}", password=PASSWORD, role=Role.ADMIN) for name in ("first", "second")
        ]
        letter = await Letter.create(
            kind="password_changed",
            recipient="x@example.org",
            language="en",
            user_id=second.id,
            created_at=world.clock(),
            due_at=world.clock(),
        )
        token = mint(world.kit.links, user_id=second.id, letter_id=letter.id)
        links, now = world.kit.links, world.clock()
        frozen, disabled = await asyncio.gather(
            freeze(token, links=links, network="198.51.100.7", now=now, language="en"),
            disable(first.id, actor=Actor("second", second.id), now=now),
        )
        assert (frozen, disabled) in [(Frozen(others=True), LastAdministrator()), (Frozen(others=False), Changed())]
