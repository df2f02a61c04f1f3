"""A link and a code, for somebody whom mail cannot reach."""

import asyncio
from contextlib import closing
from datetime import timedelta

import pytest

from tests.handoffs import FORM, HOW, NEW_PASSWORD, follow, hand_off, handed, send, wrong
from tests.postal import html_of, post, text_of, use_server
from tests.recovery.test_not_me import not_me_in
from tests.slow_passwords import SlowPasswords
from tests.smtp_server import smtp_server
from tests.world import PASSWORD, World
from webapp.audit.models import AuditEntry
from webapp.outbox.models import Letter
from webapp.policy.models import PolicyRow
from webapp.principal import Role
from webapp.recovery.models import Handoff
from webapp.users.models import User


async def test_whoever_has_link_and_code_sets_the_password(world: World) -> None:
    admin = await world.admin()
    ada = await world.person("ada", password=PASSWORD)
    inside = await world.entered("ada")
    made = await hand_off(admin, ada, ticket="INC-7")
    assert (await inside.get("/account")).status_code == 200  # making one ends nothing
    browser = world.browser()
    link = await follow(browser, made)
    page = await browser.get(FORM)
    assert "a***" in page.text
    assert ">ada<" not in page.text
    assert page.headers["cache-control"] == "no-store"
    answer = await send(browser, link, made.code)
    assert (answer.status_code, answer.headers["location"]) == (303, "/sign-in")
    assert "postern_session" not in browser.client.cookies
    assert (await inside.get("/account")).status_code == 303
    await world.browser().sign_in("ada", NEW_PASSWORD)
    entry = await AuditEntry.get(action="user:used_handoff")
    assert (entry.actor, entry.subject, entry.details) == (
        "holder of a handoff",
        "ada",
        {"verified_how": HOW, "ticket": "INC-7"},
    )
    assert "The link and the code from root were used:" in (await admin.get(f"/users/{ada.id}")).text


async def test_the_answer_is_shown_once_with_a_picture_and_kept_nowhere(world: World) -> None:
    admin = await world.admin()
    ada = await world.person("ada", email="ada@example.org", password=PASSWORD)
    answer = await admin.htmx_post(f"/users/{ada.id}/handoff", {"verified_how": HOW, "ticket": "INC-7"})
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "no-store"
    assert answer.text.lstrip().startswith('<section class="card" id="handoff">')
    assert 'role="img" aria-label="The link as a QR code"' in answer.text
    made = handed(answer)
    page = (await admin.get(f"/users/{ada.id}")).text
    assert "root has made a link and a code; they work until" in page
    row = await Handoff.get()
    everything = str([vars(each) for each in (row, await Letter.get(), *await AuditEntry.all())]) + page
    for secret in (made.path.rpartition("/")[2], made.code, made.code.replace(" ", "")):
        assert secret not in everything
    entry = await AuditEntry.get(action="user:made_handoff")
    assert (entry.actor, entry.subject, entry.details) == ("root", "ada", {"verified_how": HOW, "ticket": "INC-7"})
    assert "How the caller was verified" in (await admin.get("/audit")).text


async def test_the_person_is_told_by_mail_and_may_object(world: World) -> None:
    admin = await world.admin()
    ada = await world.person("ada", email="ada@example.org", password=PASSWORD)
    async with smtp_server() as server:
        await use_server(world, server)
        made = await hand_off(admin, ada)
        assert world.woken.is_set()
        await post(world)
        letter = await server.next_letter()
    assert letter.recipients == ["ada@example.org"]
    words = text_of(letter) + html_of(letter)
    assert "root has made a link and a code" in text_of(letter)
    assert made.path not in words
    assert made.code not in words
    assert "/handoffs/" not in words
    assert (await world.browser().post(not_me_in(letter))).status_code == 200
    assert (await world.browser().get(made.path)).status_code == 410


async def test_without_an_address_nobody_is_written_to(world: World) -> None:
    admin = await world.admin()
    await hand_off(admin, await world.person("ada"))
    assert not await Letter.all().exists()


@pytest.mark.parametrize(
    ("fields", "name", "words"),
    [
        ({}, "verified_how", "Please fill in this field."),
        ({"verified_how": " \n "}, "verified_how", "Please fill in this field."),
        ({"verified_how": "x" * 501}, "verified_how", "at most 500 characters"),
        ({"verified_how": "bell \x07"}, "verified_how", "control characters"),
        ({"verified_how": HOW, "ticket": "x" * 101}, "ticket", "at most 100 characters"),
    ],
)
async def test_a_note_is_required_and_what_was_typed_stays(
    world: World, fields: dict[str, str], name: str, words: str
) -> None:
    admin = await world.admin()
    ada = await world.person("ada")
    answer = await admin.htmx_post(f"/users/{ada.id}/handoff", fields)
    assert answer.status_code == 422
    assert words in answer.text.partition(f'id="{name}-error"')[2][:200]
    assert fields.get("ticket", "") in answer.text
    assert not await Handoff.exists()


async def test_lines_of_a_note_are_kept_as_one(world: World) -> None:
    admin = await world.admin()
    await hand_off(admin, await world.person("ada"), verified_how="Knows the manager.\r\nCalled back.")
    assert (await Handoff.get()).verified_how == "Knows the manager. Called back."


async def test_nobody_hands_off_to_themselves(world: World) -> None:
    admin = await world.admin()
    root = await User.get(username="root")
    answer = await admin.post(f"/users/{root.id}/handoff", {"verified_how": HOW})
    assert answer.status_code == 409
    assert "Change your own password on your account page." in answer.text
    assert 'name="verified_how"' not in answer.text
    assert not await Handoff.exists()


@pytest.mark.parametrize("change", [{"state": "disabled"}, {"frozen_at": "now"}])
async def test_nothing_is_handed_out_for_a_shut_account(world: World, change: dict[str, str]) -> None:
    admin = await world.admin()
    ada = await world.person("ada")
    await User.filter(id=ada.id).update(**{k: world.clock() if v == "now" else v for k, v in change.items()})
    answer = await admin.htmx_post(f"/users/{ada.id}/handoff", {"verified_how": HOW})
    assert answer.status_code == 409
    assert "disabled or frozen" in answer.text
    assert not await Handoff.exists()


async def test_helpdesk_hands_off_to_users_alone(world: World) -> None:
    await world.person("desk", password=PASSWORD, role=Role.HELPDESK)
    desk = await world.entered("desk")
    await hand_off(desk, await world.person("ada"))
    for role in (Role.ADMIN, Role.HELPDESK, Role.AUDITOR):
        user = await world.person(f"a-{role}", role=role)
        for fields in ({"verified_how": HOW}, {"action": "cancel"}):
            assert (await desk.post(f"/users/{user.id}/handoff", fields)).status_code == 403
        assert await AuditEntry.filter(action="user:out_of_reach", subject_id=user.id).count() == 2
    assert await Handoff.all().count() == 1


async def test_a_wrong_code_costs_a_try_and_says_how_many_are_left(world: World) -> None:
    admin = await world.admin()
    ada = await world.person("ada", password=PASSWORD)
    made = await hand_off(admin, ada, ticket="INC-7")
    browser = world.browser()
    link = await follow(browser, made)
    for left in range(9, 0, -1):
        answer = await send(browser, link, wrong(made))
        assert answer.status_code == 422
        assert f"You have {left} more " in answer.text
        assert NEW_PASSWORD not in answer.text
        assert wrong(made) not in answer.text
    assert (await send(browser, link, wrong(made))).status_code == 410
    gone = await send(browser, link, made.code)
    assert gone.status_code == 410
    assert "Too many wrong codes" in gone.text
    assert (await User.get(id=ada.id)).password_hash == ada.password_hash
    entry = await AuditEntry.get(action="user:exhausted_handoff")
    assert (entry.subject, entry.details) == ("ada", {"verified_how": HOW, "ticket": "INC-7"})
    assert "Ten wrong codes were typed" in (await admin.get(f"/users/{ada.id}")).text


async def test_the_tenth_try_may_be_the_right_one(world: World) -> None:
    admin = await world.admin()
    made = await hand_off(admin, await world.person("ada"))
    browser = world.browser()
    link = await follow(browser, made)
    for _ in range(9):
        assert (await send(browser, link, wrong(made))).status_code == 422
    assert (await send(browser, link, made.code)).status_code == 303


@pytest.mark.parametrize(
    ("code", "password", "name", "words"),
    [
        ("", NEW_PASSWORD, "code", "eight digits"),
        ("1234", NEW_PASSWORD, "code", "eight digits"),
        ("CODE", "short", "new_password", "at least 15 characters"),
        ("WRONG", "short", "new_password", "at least 15 characters"),
    ],
)
async def test_what_cannot_be_used_costs_no_try(world: World, code: str, password: str, name: str, words: str) -> None:
    admin = await world.admin()
    made = await hand_off(admin, await world.person("ada"))
    browser = world.browser()
    link = await follow(browser, made)
    typed = {"CODE": made.code, "WRONG": wrong(made)}.get(code, code)
    answer = await send(browser, link, typed, password)
    assert answer.status_code == 422
    assert words in answer.text.partition(f'id="{name}-error"')[2][:200]
    assert "more tr" not in answer.text  # nothing is said of a code that was not looked at
    assert (await Handoff.get()).attempts == 0


@pytest.mark.parametrize("shape", ["{}-{}", "{}{}", " {}  {} ", "{}–{}"])
async def test_a_code_is_read_however_it_was_heard(world: World, shape: str) -> None:
    admin = await world.admin()
    made = await hand_off(admin, await world.person("ada"))
    browser = world.browser()
    link = await follow(browser, made)
    assert (await send(browser, link, shape.format(*made.code.split()))).status_code == 303


async def test_the_policys_minimum_holds(world: World) -> None:
    await PolicyRow.create(id=1, values={"minimum_length": "30"}, updated_at=world.clock())
    admin = await world.admin()
    made = await hand_off(admin, await world.person("ada"))
    browser = world.browser()
    link = await follow(browser, made)
    answer = await send(browser, link, made.code)
    assert answer.status_code == 422
    assert "at least 30 characters" in answer.text


async def test_looking_consumes_nothing(world: World) -> None:
    admin = await world.admin()
    made = await hand_off(admin, await world.person("ada"))
    for _ in range(3):
        assert (await world.browser().client.head(made.path)).status_code == 303
        await follow(world.browser(), made)
    browser = world.browser()
    assert (await send(browser, await follow(browser, made), made.code)).status_code == 303


async def test_it_works_for_fifteen_minutes(world: World) -> None:
    admin = await world.admin()
    made = await hand_off(admin, await world.person("ada"))
    browser = world.browser()
    link = await follow(browser, made)
    world.clock.advance(minutes=14, seconds=59)
    assert (await world.browser().get(made.path)).status_code == 303
    world.clock.advance(seconds=2)
    gone = await world.browser().get(made.path)
    assert gone.status_code == 410
    assert "15 minutes" in gone.text
    assert (await send(browser, link, made.code)).status_code == 410
    assert "ran out unused" in (await admin.get(f"/users/{(await User.get(username='ada')).id}")).text


async def test_the_page_without_its_link_says_what_to_do(world: World) -> None:
    answer = await world.browser().get(FORM)
    assert answer.status_code == 410
    assert "Open the link that you were given first." in answer.text
    assert (await world.browser().get("/handoffs/nonsense")).status_code == 410


async def test_the_cookie_goes_nowhere_else(world: World) -> None:
    admin = await world.admin()
    made = await hand_off(admin, await world.person("ada"))
    cookie = (await world.browser().get(made.path)).headers["set-cookie"]
    assert "Path=/handoffs" in cookie
    assert "HttpOnly" in cookie
    assert f"Max-Age={int(timedelta(minutes=15).total_seconds())}" in cookie


async def test_two_who_make_one_at_once_leave_one_that_works(world: World) -> None:
    admin = await world.admin()
    other = await world.admin("other")
    ada = await world.person("ada")
    both = await asyncio.gather(*(hand_off(each, ada) for each in (admin, other, admin, other)))
    answers = [(await world.browser().get(made.path)).status_code for made in both]
    assert sorted(answers) == [303, 410, 410, 410]


async def test_a_factor_is_not_taken_away(world: World) -> None:
    admin = await world.admin()
    ada = await world.person("ada", password=PASSWORD)
    await User.filter(id=ada.id).update(second_factor=True)
    made = await hand_off(admin, ada)
    browser = world.browser()
    assert (await send(browser, await follow(browser, made), made.code)).status_code == 303
    assert (await User.get(id=ada.id)).second_factor


@pytest.mark.parametrize("change", [{"state": "disabled"}, {"role": "user"}, {"role": "auditor"}], ids=str)
async def test_it_ends_with_the_rights_of_whoever_made_it(world: World, change: dict[str, str]) -> None:
    await world.person("desk", password=PASSWORD, role=Role.HELPDESK)
    ada = await world.person("ada")
    desk, browser = await world.entered("desk"), world.browser()
    made = await hand_off(desk, ada)
    link = await follow(browser, made)
    await User.filter(username="desk").update(**change)
    assert (await send(browser, link, made.code)).status_code == 410
    assert (await world.browser().get(made.path)).status_code == 410
    assert (await User.get(id=ada.id)).password_hash is None


async def test_its_maker_may_be_dismissed_while_passwords_are_hashed(world: World) -> None:
    await world.person("desk", password=PASSWORD, role=Role.HELPDESK)
    ada = await world.person("ada")
    made, browser = await hand_off(await world.entered("desk"), ada), world.browser()
    link = await follow(browser, made)

    async def meanwhile() -> None:
        await User.filter(username="desk").update(state="disabled")

    with closing(SlowPasswords(meanwhile, at="hash")) as passwords:
        world.state["passwords"] = passwords
        assert (await send(browser, link, made.code)).status_code == 410
    assert (await User.get(id=ada.id)).password_hash is None
