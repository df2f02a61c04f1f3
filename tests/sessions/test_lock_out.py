"""How often passwords may be tried, and who has to wait."""

import asyncio

import pytest

from tests.sessions.trying import WRONG, attempt, lock_everywhere, lock_out_after, statuses
from tests.world import PASSWORD, World
from webapp.audit.models import AuditEntry
from webapp.policy.models import PolicyRow
from webapp.users.models import User


async def test_the_page_says_how_long_to_wait_and_the_way_on(world: World) -> None:
    await lock_out_after(world, 3)
    await statuses(world, "alice", 3)
    world.clock.advance(minutes=4)
    answer = await attempt(world.browser(address="198.51.100.1"), "alice")
    assert answer.status_code == 429
    assert "Too many attempts. Please wait 11 minutes." in answer.text
    assert 'href="/password-reset"' in answer.text
    assert 'value="alice"' in answer.text
    assert WRONG not in answer.text
    assert answer.headers["retry-after"] == "660"
    world.clock.advance(minutes=11)
    assert (await attempt(world.browser(address="198.51.100.1"), "alice")).status_code == 422


@pytest.mark.parametrize("name", ["alice", "nobody"])
async def test_of_many_at_once_exactly_as_many_are_looked_at_as_may_fail(world: World, name: str) -> None:
    await lock_out_after(world, 3)
    await world.person("alice", password=PASSWORD)
    browsers = [world.browser(address="198.51.100.1") for _ in range(20)]
    answers = await asyncio.gather(*(attempt(browser, name) for browser in browsers))
    assert sorted(answer.status_code for answer in answers) == [422] * 3 + [429] * 17


async def test_signing_in_uses_no_tries_up_and_forgives_those_before_in_the_same_network(world: World) -> None:
    await lock_out_after(world, 3)
    await world.person("alice", password=PASSWORD)
    for _ in range(2):
        assert await statuses(world, "alice", 2) == [422] * 2
        await world.browser(address="198.51.100.1").sign_in("alice", PASSWORD)
    for _ in range(5):
        await world.browser(address="198.51.100.1").sign_in("alice", PASSWORD)
    assert await statuses(world, "alice", 4) == [422] * 3 + [429]


async def test_signing_in_does_not_forgive_strangers_elsewhere(world: World) -> None:
    await lock_out_after(world, 3)
    await world.person("alice", password=PASSWORD)
    for network in range(4):
        await statuses(world, "alice", 3, network=100 + network)
    await world.browser(address="192.0.2.1").sign_in("alice", PASSWORD)
    assert await statuses(world, "alice", 4, network=105) == [422] * 3 + [429]
    assert await statuses(world, "alice", 1, network=106) == [429]


async def test_username_and_address_give_no_second_set_of_tries_and_do_not_tell_of_each_other(world: World) -> None:
    await lock_out_after(world, 3)
    await world.person("alice", email="alice@example.org", password=PASSWORD)
    here = world.browser(address="198.51.100.1")
    for name in ("alice", "alice@example.org", "alice", "alice@example.org", "bob", "bob@example.org"):
        assert (await attempt(here, name)).status_code == 422
    # The tries are used up, but it does not show: even the right password is answered as a wrong one.
    assert (await attempt(here, "alice@example.org", PASSWORD)).status_code == 422
    assert (await attempt(here, "alice", PASSWORD)).status_code == 422
    for name in ("alice", "alice@example.org"):
        assert (await attempt(here, name)).status_code == 429
    await world.browser(address="198.51.100.2").sign_in("alice", PASSWORD)


async def test_many_networks_together_are_stopped_for_unknown_names_alike(world: World) -> None:
    await lock_out_after(world, 3)
    await world.person("alice", password=PASSWORD)
    for name in ("alice", "nobody"):
        await lock_everywhere(world, name)
        assert (await attempt(world.browser(address="192.0.2.9"), name, PASSWORD)).status_code == 429


async def test_staff_sees_that_somebody_has_to_wait_and_ends_it(world: World) -> None:
    admin = await world.admin()
    await lock_out_after(world, 3)
    person = await world.person("alice", email="alice@example.org", password=PASSWORD)
    page = f"/users/{person.id}"
    await statuses(world, "alice", 2)
    assert "Too many wrong passwords" not in (await admin.get(page)).text
    await statuses(world, "alice", 2)
    shown = await admin.get(page)
    assert "Too many wrong passwords" in shown.text
    assert "2026-11-22T12:15:00+00:00" in shown.text
    ended = await admin.htmx_post(f"{page}/state", {"state": "unlocked"}, shown=page)
    assert ended.status_code == 200
    assert "They can sign in again at once." in ended.text
    assert "Too many wrong passwords" not in ended.text
    await world.browser(address="198.51.100.1").sign_in("alice", PASSWORD)
    assert await AuditEntry.filter(action="user:unlocked", subject="alice").count() == 1
    await admin.post(f"{page}/state", {"state": "unlocked"})
    assert await AuditEntry.filter(action="user:unlocked").count() == 1


async def test_a_password_that_staff_sets_ends_the_wait(world: World) -> None:
    admin = await world.admin()
    await lock_out_after(world, 3)
    person = await world.person("alice", password=PASSWORD)
    await statuses(world, "alice", 4)
    await admin.post(f"/users/{person.id}/password", {"new_password": "nine purple lanterns humming"})
    await world.browser(address="198.51.100.1").sign_in("alice", "nine purple lanterns humming")


async def test_helpdesk_ends_the_wait_of_users_only(world: World) -> None:
    await lock_out_after(world, 3)
    root = await world.person("root", password=PASSWORD, role="admin")
    await world.person("helen", password=PASSWORD, role="helpdesk")
    await statuses(world, "root", 4)
    helen = await world.entered("helen")
    assert (await helen.post(f"/users/{root.id}/state", {"state": "unlocked"})).status_code == 403
    assert await statuses(world, "root", 1) == [429]


async def test_the_policy_decides(world: World) -> None:
    await PolicyRow.create(id=1, values={"lock_out_failures": "4", "lock_out_minutes": "60"}, updated_at=world.clock())
    answers = await statuses(world, "alice", 5)
    assert answers == [422] * 4 + [429]
    world.clock.advance(minutes=59)
    assert await statuses(world, "alice", 1) == [429]
    world.clock.advance(minutes=1)
    assert await statuses(world, "alice", 1) == [422]


async def test_a_disabled_persons_right_password_counts_as_a_wrong_one(world: World) -> None:
    await lock_out_after(world, 3)
    person = await world.person("alice", password=PASSWORD)
    await User.filter(id=person.id).update(state="disabled")
    here = world.browser(address="198.51.100.1")
    assert [(await attempt(here, "alice", PASSWORD)).status_code for _ in range(4)] == [422] * 3 + [429]


async def test_a_right_password_that_has_expired_counts_as_a_wrong_one(world: World) -> None:
    await lock_out_after(world, 3)
    person = await world.person("alice", password=PASSWORD)
    await User.filter(id=person.id).update(must_change=True, password_expires_at=world.clock())
    here = world.browser(address="198.51.100.1")
    assert [(await attempt(here, "alice")).status_code for _ in range(2)] == [422] * 2
    assert [(await attempt(here, "alice", PASSWORD)).status_code for _ in range(2)] == [422, 429]
