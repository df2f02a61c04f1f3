"""Invitations: the way in for somebody who never had a password."""

import asyncio
import re

import pytest

from tests.postal import NEW_PASSWORD, post, text_of, use_server
from tests.smtp_server import Received, SmtpServer, smtp_server
from tests.world import PASSWORD, Browser, World
from webapp.audit.models import AuditEntry
from webapp.audit.record import COMMAND_LINE
from webapp.outbox.models import Letter, LetterState
from webapp.principal import Role
from webapp.recovery.invitations.send import HasPassword, Shut, invite
from webapp.users.models import User

INVITATION = re.compile(r"http://localhost:8000(/invitations/\S+)")
CREATION = {"username": "ada", "display_name": "Ada", "email": "ada@example.org", "role": "user"}


def invitation_in(letter: Received) -> str:
    found = INVITATION.search(text_of(letter))
    assert found, text_of(letter)
    return found.group(1)


async def invited(world: World, server: SmtpServer, admin: Browser, user: User) -> str:
    """Press the button on the person's page, and take the link out of the letter."""
    answer = await admin.post(f"/users/{user.id}/invitation", {"action": "send"})
    assert answer.status_code == 303
    await post(world)
    return invitation_in(await server.next_letter())


async def follow(browser: Browser, path: str) -> str:
    response = await browser.get(path)
    assert (response.status_code, response.headers["location"]) == (303, "/invitations/new"), response.text
    page = await browser.get("/invitations/new")
    assert page.status_code == 200
    return browser.hidden(page, "link")


async def test_somebody_who_is_invited_at_creation_chooses_a_password_and_is_in(world: World) -> None:
    admin = await world.admin()
    async with smtp_server() as server:
        await use_server(world, server)
        created = await admin.post("/users", {**CREATION, "invite": "on"})
        assert created.status_code == 303
        assert world.woken.is_set()
        page = (await admin.get(created.headers["location"])).text
        assert "An invitation is on its way to ada@example.org." in page
        assert "An invitation is waiting to be sent." in page
        await post(world)
        letter = await server.next_letter()
        assert letter.recipients == ["ada@example.org"]
        assert "Your username is ada." in " ".join(text_of(letter).split())
        assert "the link works until" in (await admin.get(created.headers["location"])).text
        browser = world.browser()
        fingerprint = await follow(browser, invitation_in(letter))
        done = await browser.post("/invitations/new", {"new_password": NEW_PASSWORD, "link": fingerprint})
    assert (done.status_code, done.headers["location"]) == (303, "/sign-in")
    assert "Welcome." in (await browser.get("/sign-in")).text
    assert (await browser.get("/account")).status_code == 303  # nobody is signed in by a link
    await world.browser().sign_in("ada", NEW_PASSWORD)
    assert await AuditEntry.filter(action="user:invited", actor="root", subject="ada").count() == 1
    assert await AuditEntry.filter(action="user:accepted_invitation", actor="holder of an invitation").count() == 1
    assert (await Letter.get(kind="invitation")).link_used_at is not None


async def test_looking_consumes_nothing_and_the_link_lasts_a_week(world: World) -> None:
    admin = await world.admin()
    ada = await world.person("ada", email="ada@example.org")
    async with smtp_server() as server:
        await use_server(world, server)
        link = await invited(world, server, admin, ada)
    for _ in range(3):
        await follow(world.browser(), link)
    assert (await world.browser().client.head(link)).status_code == 303
    world.clock.advance(days=6, hours=23)
    browser = world.browser()
    fingerprint = await follow(browser, link)
    world.clock.advance(hours=2)
    gone = await world.browser().get(link)
    assert gone.status_code == 410
    assert "7 days" in gone.text
    assert 'href="/password-reset"' in gone.text
    late = await browser.post("/invitations/new", {"new_password": NEW_PASSWORD, "link": fingerprint})
    assert late.status_code == 410


async def test_a_password_against_the_policy_is_refused_on_the_field(world: World) -> None:
    admin = await world.admin()
    ada = await world.person("ada", email="ada@example.org")
    async with smtp_server() as server:
        await use_server(world, server)
        link = await invited(world, server, admin, ada)
    browser = world.browser()
    fingerprint = await follow(browser, link)
    refused = await browser.htmx_post("/invitations/new", {"new_password": "short", "link": fingerprint})
    assert refused.status_code == 422
    assert refused.text.lstrip().startswith("<form")
    assert 'value="short"' not in refused.text
    assert (await browser.post("/invitations/new", {"new_password": NEW_PASSWORD, "link": "0"})).status_code == 409
    done = await browser.post("/invitations/new", {"new_password": NEW_PASSWORD, "link": fingerprint})
    assert done.status_code == 303
    again = await browser.get("/invitations/new")
    assert again.status_code == 410
    assert "allow cookies" in again.text


async def test_a_newer_invitation_ends_the_older_one(world: World) -> None:
    admin = await world.admin()
    ada = await world.person("ada", email="ada@example.org")
    async with smtp_server() as server:
        await use_server(world, server)
        older = await invited(world, server, admin, ada)
        newer = await invited(world, server, admin, ada)
    assert (await world.browser().get(older)).status_code == 410
    await follow(world.browser(), newer)


async def test_who_needs_none_or_cannot_get_one_is_told_so(world: World) -> None:
    admin = await world.admin()
    mute = await world.person("mute")
    known = await world.person("known", email="known@example.org", password=PASSWORD)
    gone = await world.person("gone", email="gone@example.org")
    await User.filter(id=gone.id).update(state="disabled")
    for user, why in ((mute, "no address"), (known, "a password already"), (gone, "disabled or frozen")):
        answer = await admin.htmx_post(f"/users/{user.id}/invitation", {})
        assert answer.status_code == 409
        assert why in answer.text
    assert not await Letter.exists()
    for user in (mute, known, gone):
        assert "Send an invitation<" not in (await admin.get(f"/users/{user.id}")).text
    assert (await admin.post(f"/users/{known.id}/invitation", {"action": "paint"})).status_code == 422
    withdrawn = await admin.post(f"/users/{mute.id}/invitation", {"action": "withdraw"})
    assert withdrawn.status_code == 409
    assert "no open invitation" in withdrawn.text


@pytest.mark.parametrize(
    ("fields", "field", "why"),
    [
        ({"email": ""}, "email", "An invitation needs an address"),
        ({"password": "seven lamps of brass"}, "invite", "needs no invitation"),
        ({"generate": "on"}, "invite", "needs no invitation"),
    ],
)
async def test_an_invitation_at_creation_that_makes_no_sense_creates_nobody(
    world: World, fields: dict[str, str], field: str, why: str
) -> None:
    admin = await world.admin()
    answer = await admin.post("/users", {**CREATION, "invite": "on", **fields})
    assert answer.status_code == 422
    assert why in answer.text
    assert not await User.filter(username="ada").exists()


async def test_an_invitation_that_lost_its_sense_before_it_was_sent_is_not_sent(world: World) -> None:
    admin = await world.admin()
    changes: dict[str, dict[str, object]] = {
        "account_disabled": {"state": "disabled"},
        "account_frozen": {"frozen_at": world.clock()},
        "address_changed": {"email": "other@example.org", "email_key": "other@example.org"},
        "link_replaced": {"password_hash": "$argon2id$x"},
    }
    people = {}
    for number, reason in enumerate(changes):
        people[reason] = await world.person(f"ada{number}", email=f"ada{number}@example.org")
        await admin.post(f"/users/{people[reason].id}/invitation", {"action": "send"})
    for reason, change in changes.items():
        await User.filter(id=people[reason].id).update(**change)
    async with smtp_server() as server:
        await use_server(world, server)
        await post(world)
        assert server.letters == []
    for reason, user in people.items():
        letter = await Letter.get(user_id=user.id)
        assert (letter.state, letter.reason) == (LetterState.CANCELLED, reason)


async def test_of_two_invitations_at_once_one_link_works(world: World) -> None:
    ada = await world.person("ada", email="ada@example.org")
    now = world.clock()
    await asyncio.gather(*(invite(ada.id, actor=COMMAND_LINE, now=now, language="en") for _ in range(4)))
    user = await User.get(id=ada.id)
    assert user.recovery_version == ada.recovery_version + 4
    assert await Letter.filter(recovery_version=user.recovery_version).count() == 1


async def test_helpdesk_invites_people_within_its_reach(world: World) -> None:
    await world.person("desk", password=PASSWORD, role=Role.HELPDESK)
    ada = await world.person("ada", email="ada@example.org")
    boss = await world.person("boss", email="boss@example.org", role=Role.ADMIN)
    desk = world.browser()
    await desk.sign_in("desk", PASSWORD)
    assert (await desk.post(f"/users/{ada.id}/invitation", {})).status_code == 303
    assert (await desk.post(f"/users/{boss.id}/invitation", {})).status_code == 403
    assert [each.user_id for each in await Letter.all()] == [ada.id]


async def test_nobody_is_invited_whose_account_has_changed_meanwhile(world: World) -> None:
    ada = await world.person("ada", email="ada@example.org", password=PASSWORD)
    assert await invite(ada.id, actor=COMMAND_LINE, now=world.clock(), language="en") == HasPassword()
    await User.filter(id=ada.id).update(frozen_at=world.clock())
    assert await invite(ada.id, actor=COMMAND_LINE, now=world.clock(), language="en") == Shut()
