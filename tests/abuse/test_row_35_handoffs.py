"""A handoff works once, not at all once it was cancelled or something has taken its place, and not for a guess."""

import asyncio

import pytest

from tests.handoffs import HOW, NEW_PASSWORD, Handed, follow, hand_off, send, wrong
from tests.served import Served
from tests.world import PASSWORD, World
from webapp.audit.models import AuditEntry
from webapp.recovery.models import Handoff
from webapp.users.models import User


async def test_one_that_was_used_opens_nothing_more(site: Served) -> None:
    admin = await site.signed_in()
    ada = await site.world.person("ada")
    made = await hand_off(admin, ada)
    browsers = [site.browser() for _ in range(6)]
    links = [await follow(each, made) for each in browsers]
    answers = await asyncio.gather(
        *(
            send(browser, link, made.code, f"{NEW_PASSWORD} {number}")
            for number, (browser, link) in enumerate(zip(browsers, links, strict=True))
        )
    )
    assert sorted(each.status_code for each in answers) == [303, *[410] * 5]
    assert (await site.browser().get(made.path)).status_code == 410
    assert (await send(browsers[0], links[0], made.code)).status_code == 410
    assert await AuditEntry.filter(action="user:used_handoff").count() == 1


async def test_of_fifty_guesses_at_once_ten_are_looked_at(site: Served) -> None:
    admin = await site.signed_in()
    ada = await site.world.person("ada")
    made = await hand_off(admin, ada)
    browser = site.browser()
    link = await follow(browser, made)
    answers = await asyncio.gather(*(send(browser, link, wrong(made)) for _ in range(50)))
    assert sorted(each.status_code for each in answers) == [410] * 41 + [422] * 9
    assert (await Handoff.get()).attempts == 10
    assert await AuditEntry.filter(action="user:exhausted_handoff").count() == 1
    assert (await send(browser, link, made.code)).status_code == 410
    assert (await User.get(id=ada.id)).password_hash is None


async def test_one_that_was_cancelled_opens_nothing_not_even_a_form_that_was_open(world: World) -> None:
    admin = await world.admin()
    ada = await world.person("ada")
    made = await hand_off(admin, ada, ticket="INC-7")
    browser = world.browser()
    link = await follow(browser, made)
    answer = await admin.htmx_post(f"/users/{ada.id}/handoff", {"action": "cancel"})
    assert answer.status_code == 200
    assert "The link and the code no longer work." in answer.text
    gone = await world.browser().get(made.path)
    assert gone.status_code == 410
    assert "It was cancelled" in gone.text
    assert (await send(browser, link, made.code)).status_code == 410
    assert (await User.get(id=ada.id)).password_hash is None
    entry = await AuditEntry.get(action="user:cancelled_handoff")
    assert (entry.actor, entry.subject, entry.details) == ("root", "ada", {"verified_how": HOW, "ticket": "INC-7"})
    # Once more there is nothing to cancel, which is said and not recorded.
    assert (await admin.post(f"/users/{ada.id}/handoff", {"action": "cancel"})).status_code == 409
    assert await AuditEntry.filter(action="user:cancelled_handoff").count() == 1


async def test_cancelling_and_using_at_once_comes_to_one_of_them(site: Served) -> None:
    admin = await site.signed_in()
    for number in range(4):
        ada = await site.world.person(f"ada{number}")
        made = await hand_off(admin, ada)
        browser = site.browser()
        link = await follow(browser, made)
        used, cancelled = await asyncio.gather(
            send(browser, link, made.code), admin.post(f"/users/{ada.id}/handoff", {"action": "cancel"})
        )
        assert (used.status_code, cancelled.status_code) in {(303, 409), (410, 303)}
        row = await Handoff.get(user_id=ada.id)
        assert (row.used_at is None) != (row.cancelled_at is None)


@pytest.mark.parametrize("change", ["newer", "password", "address", "disabled", "reset link", "role"])
async def test_what_takes_its_place_ends_it(world: World, change: str) -> None:
    admin = await world.admin()
    ada = await world.person("ada", email="ada@example.org", password=PASSWORD)
    made = await hand_off(admin, ada)
    browser = world.browser()
    link = await follow(browser, made)
    path = f"/users/{ada.id}"
    posts: dict[str, list[tuple[str, dict[str, str]]]] = {
        "newer": [("/handoff", {"verified_how": HOW})],
        "password": [("/password", {"generate": "on"})],
        "address": [("", {"email": "other@example.org", "display_name": "", "version": "1"})],
        "disabled": [("/state", {"state": "disabled"}), ("/state", {"state": "active"})],
        "reset link": [("/reset-link", {})],
        "role": [("", {"email": "ada@example.org", "display_name": "", "version": "1", "role": "auditor"})],
    }
    for way, fields in posts[change]:
        assert (await admin.post(path + way, fields)).status_code in {200, 303}
    before = (await User.get(id=ada.id)).password_hash
    assert (await world.browser().get(made.path)).status_code == 410
    assert (await send(browser, link, made.code)).status_code == 410
    assert (await User.get(id=ada.id)).password_hash == before


async def test_a_code_is_no_good_for_another_link(world: World) -> None:
    admin = await world.admin()
    ada, bob = await world.person("ada"), await world.person("bob")
    for_ada, for_bob = await hand_off(admin, ada), await hand_off(admin, bob)
    browser = world.browser()
    link = await follow(browser, Handed(for_ada.path, for_bob.code))
    assert (await send(browser, link, for_bob.code)).status_code == 422
    assert (await User.get(id=ada.id)).password_hash is None
