"""Signing in with a second factor."""

import asyncio
from collections import Counter

import pytest

from tests.postal import open_link, post, text_of, use_server
from tests.sessions.factors.having import Phone, give, password_given, with_app
from tests.smtp_server import smtp_server
from tests.world import PASSWORD, World
from webapp.audit.models import AuditEntry
from webapp.outbox.models import Letter
from webapp.principal import Role
from webapp.recovery.reset_link import NO_LETTER, mint
from webapp.sessions.factors import second_step
from webapp.sessions.factors.challenge import Purpose, look_up
from webapp.sessions.factors.passkeys import Passkeys
from webapp.sessions.factors.second_step import Given, Over
from webapp.sessions.models import Challenge, Factor, RecoveryCode, Session
from webapp.sessions.session import Client
from webapp.sessions.sign_in import Visit
from webapp.users.models import User, UserState


async def test_the_code_of_the_app_begins_the_session_and_next_survives(world: World) -> None:
    await world.person("alice", password=PASSWORD)
    _, phone, _ = await with_app(world, "alice")
    browser = await password_given(world, "alice", target="/account/password")
    assert (await browser.get("/account")).status_code == 303
    page = await browser.get("/sign-in/factor")
    assert page.status_code == 200
    answer = await give(browser, phone.code())
    assert (answer.status_code, answer.headers["location"]) == (303, "/account/password")
    assert (await browser.get("/account")).status_code == 200


async def test_a_wrong_code_is_said_at_the_field_and_ten_end_it(world: World) -> None:
    await world.person("alice", password=PASSWORD)
    await with_app(world, "alice")
    browser = await password_given(world, "alice")
    for _ in range(10):
        answer = await give(browser, "000000")
        assert answer.status_code == 422
        assert "This code is not right" in answer.text
    assert (await give(browser, "000000")).status_code in {303, 429}
    again = await password_given(world, "alice")
    assert (await give(again, "000000")).status_code == 429


async def test_the_owner_is_told_once_an_hour_that_a_stranger_has_their_password(world: World) -> None:
    await world.person("alice", email="alice@example.org", password=PASSWORD)
    await with_app(world, "alice")

    async def told() -> int:
        return [each.params["what"] for each in await Letter.filter(kind="second_factor")].count("tried")

    thief = await password_given(world, "alice")
    assert await told() == 0
    for _ in range(3):
        assert (await give(thief, "000000")).status_code == 422
    assert await told() == 1
    world.clock.advance(hours=1)
    thief = await password_given(world, "alice")
    assert (await thief.post("/sign-in/factor", {"passkey": "{}"})).status_code == 422
    assert await told() == 2
    async with smtp_server() as server:
        await use_server(world, server)
        await post(world)
        letter = " ".join(text_of(server.letters[-1]).split())
        assert "but they know the password" in letter
        assert "/not-me/" in letter


async def test_strangers_with_the_password_do_not_lock_a_known_browser_out(world: World) -> None:
    await world.person("alice", email="alice@example.org", password=PASSWORD)
    _, phone, _ = await with_app(world, "alice")
    owner = await password_given(world, "alice")
    assert (await give(owner, phone.code())).status_code == 303
    world.clock.advance(minutes=15)
    thieves = [await password_given(world, "alice") for _ in range(2)]
    codes = [(await give(thief, "000000")).status_code for thief in thieves for _ in range(6)]
    assert codes == 10 * [422] + 2 * [429]
    await owner.sign_in("alice", PASSWORD)
    assert (await give(owner, phone.code())).status_code == 303
    assert (await give(await password_given(world, "alice"), phone.code(1))).status_code == 429


async def test_a_link_in_a_letter_gives_no_further_tries(world: World) -> None:
    alice = await world.person("alice", email="alice@example.org", password=PASSWORD)
    await with_app(world, "alice")
    await Letter.all().delete()
    codes = []
    for number in range(2):
        thief, user = world.browser(), await User.get(id=alice.id)
        token = mint(world.kit.links, user_id=user.id, recovery_version=user.recovery_version, letter_id=NO_LETTER)
        link = await open_link(thief, f"/password-reset/{token}")
        new = f"seven green umbrellas {number}"
        assert (await thief.post("/password-reset/new", {"new_password": new, "link": link})).status_code == 303
        await thief.sign_in("alice", new)
        codes += [(await give(thief, "000000")).status_code for _ in range(6)]
    assert codes == 10 * [422] + 2 * [429]
    assert await Letter.filter(kind="second_factor").count() == 1


async def test_a_slip_in_a_known_browser_is_told_to_nobody_but_ten_are(world: World) -> None:
    await world.person("alice", email="alice@example.org", password=PASSWORD)
    _, phone, _ = await with_app(world, "alice")
    known = await password_given(world, "alice")
    await give(known, phone.code())
    await Letter.all().delete()
    await known.sign_in("alice", PASSWORD)
    codes = [(await give(known, "000000")).status_code for _ in range(9)]
    assert not await Letter.exists()
    codes.append((await give(known, "000000")).status_code)
    assert codes == 10 * [422]
    assert (await Letter.get()).params == {"what": "tried"}
    await known.sign_in("alice", PASSWORD)
    assert (await give(known, phone.code())).status_code == 429


async def test_a_code_works_once_however_many_send_it_at_once(world: World) -> None:
    await world.person("alice", password=PASSWORD)
    _, phone, _ = await with_app(world, "alice")
    await Session.all().delete()
    browsers = [await password_given(world, "alice") for _ in range(8)]
    code = phone.code()
    answers = await asyncio.gather(*(give(browser, code) for browser in browsers))
    assert Counter(answer.status_code for answer in answers) == {303: 1, 422: 7}
    assert await Session.all().count() == 1


async def test_a_recovery_code_works_once_and_its_owner_is_told(world: World) -> None:
    await world.person("alice", email="alice@example.org", password=PASSWORD)
    _, _, codes = await with_app(world, "alice")
    assert len(set(codes)) == 10
    stored = {row.digest for row in await RecoveryCode.all()}
    assert not stored & set(codes)
    browsers = [await password_given(world, "alice") for _ in range(5)]
    answers = await asyncio.gather(*(give(browser, f" {codes[0].upper()} ") for browser in browsers))
    assert Counter(answer.status_code for answer in answers) == {303: 1, 422: 4}
    assert await AuditEntry.filter(action="user:used_recovery_code").count() == 1
    assert [each.params["what"] for each in await Letter.filter(kind="second_factor")].count("code_used") == 1


async def test_a_challenge_ends_after_ten_minutes_and_with_the_credentials(world: World) -> None:
    await world.person("alice", password=PASSWORD)
    _, phone, _ = await with_app(world, "alice")
    late = await password_given(world, "alice")
    world.clock.advance(minutes=10, seconds=1)
    assert (await give(late, phone.code())).headers["location"] == "/sign-in"
    changed = await password_given(world, "alice")
    await User.filter(username="alice").update(credentials_version=99)
    assert (await give(changed, phone.code())).headers["location"] == "/sign-in"


async def test_a_challenge_serves_its_own_person_and_purpose_only(world: World) -> None:
    await world.person("alice", password=PASSWORD)
    await world.person("bob", password=PASSWORD)
    _, phone, _ = await with_app(world, "alice")
    await with_app(world, "bob")
    bobs = await password_given(world, "bob")
    assert (await give(bobs, phone.code())).status_code == 422
    mallory = await world.entered("bob")
    page = await mallory.post("/account/factors", {"action": "app", "current_password": PASSWORD})
    mallory.client.cookies.set("postern_second_step", mallory.hidden(page, "begun"), path="/sign-in")
    assert (await mallory.get("/sign-in/factor")).headers["location"] == "/sign-in"
    alices = await world.entered("alice")
    fields = {"begun": mallory.hidden(page, "begun"), "code": "123456"}
    assert (await alices.post("/account/factors/app", fields)).headers["location"] == "/account/factors"


async def test_secrets_are_sealed(world: World) -> None:
    await world.person("alice", password=PASSWORD)
    browser, _, _ = await with_app(world, "alice")
    page = await browser.post("/account/factors", {"action": "app", "current_password": PASSWORD})
    token = browser.hidden(page, "begun")
    for row in [*await Factor.all(), *await Challenge.all()]:
        assert token not in repr(vars(row))
        assert (getattr(row, "sealed", "") or getattr(row, "sealed_secret", "")).startswith("gAAAA")


async def test_staff_clear_it_and_the_password_alone_signs_in(world: World) -> None:
    admin = await world.admin()
    alice = await world.person("alice", email="alice@example.org", password=PASSWORD)
    theirs, _, _ = await with_app(world, "alice")
    path = f"/users/{alice.id}/factors"
    assert (await admin.post(path, {})).status_code == 422
    assert (await admin.post(path, {"confirmed": "on"})).status_code == 303
    assert (await theirs.get("/account")).status_code == 303
    assert not await Factor.all().exists()
    assert not await RecoveryCode.all().exists()
    assert await AuditEntry.filter(action="user:cleared_factors", subject="alice").exists()
    last = await Letter.filter(kind="second_factor").order_by("-id").first()
    assert last
    assert last.params == {"what": "cleared"}
    await world.browser().sign_in("alice", PASSWORD)


async def test_helpdesk_clears_nothing_of_an_administrator(world: World) -> None:
    await world.admin()
    root = await User.get(username="root")
    await with_app(world, "root")
    await world.person("helga", password=PASSWORD, role=Role.HELPDESK)
    helga = await world.entered("helga")
    assert (await helga.post(f"/users/{root.id}/factors", {"confirmed": "on"})).status_code == 403
    assert await Factor.all().exists()


async def test_it_is_renamed_and_removed_with_the_password(world: World) -> None:
    await world.person("alice", password=PASSWORD)
    browser, _, _ = await with_app(world, "alice")
    path = f"/account/factors/{(await Factor.get()).id}"
    await browser.post(path, {"action": "rename", "name": "Old phone"})
    assert "Old phone" in (await browser.get("/account/factors")).text
    assert (await browser.post(path, {"action": "remove", "current_password": "wrong"})).status_code == 422
    assert (await browser.post(path, {"action": "remove", "current_password": PASSWORD})).status_code == 303
    assert not (await User.get(username="alice")).second_factor
    assert not await RecoveryCode.all().exists()


async def test_the_first_factor_signs_out_browsers_that_have_shown_none(world: World) -> None:
    await world.person("alice", password=PASSWORD)
    other = await world.entered("alice")
    here, _, _ = await with_app(world, "alice")
    assert (await other.get("/account")).status_code == 303
    assert (await here.get("/account")).status_code == 200
    factor = await Factor.get()
    path = f"/account/factors/{factor.id}"
    assert (await other.post(path, {"action": "remove", "current_password": PASSWORD})).status_code == 401
    assert await Factor.filter(id=factor.id).exists()
    assert (await AuditEntry.get(action="user:ended_sessions")).details == {"sessions": "1"}


async def test_a_further_one_signs_out_nobody_and_the_page_says_which_it_was(world: World) -> None:
    await world.person("alice", password=PASSWORD)
    await world.entered("alice")
    browser = await world.entered("alice")
    for number, said in ((1, True), (2, False)):
        page = await browser.post("/account/factors", {"action": "app", "current_password": PASSWORD})
        fields = {"begun": browser.hidden(page, "begun"), "name": f"{number}", "code": Phone(world, page.text).code()}
        answer = await browser.post("/account/factors/app", fields)
        assert ("All other browsers are signed out." in answer.text) is said
        await world.entered("alice")
    assert await Session.all().count() == 3


async def test_a_challenge_takes_so_many_tries_at_a_passkey(world: World) -> None:
    await world.person("alice", password=PASSWORD)
    await with_app(world, "alice")
    browser = await password_given(world, "alice")
    codes = [(await browser.post("/sign-in/factor", {"passkey": "{}"})).status_code for _ in range(11)]
    assert codes == 10 * [422] + [303]
    assert (await browser.get("/sign-in/factor")).headers["location"].startswith("/sign-in")


@pytest.mark.parametrize("what", ["other credentials", "disabled", "done elsewhere", "tried too often"])
async def test_what_happens_while_the_code_is_looked_at_counts(world: World, what: str) -> None:
    alice = await world.person("alice", password=PASSWORD)
    _, phone, _ = await with_app(world, "alice")
    now = world.clock()
    token = await second_step.begin(alice.id, "/", remembered=False, vault=world.kit.vault, now=now)
    begun = await look_up(token, Purpose.SIGN_IN, vault=world.kit.vault, now=now)
    assert begun
    match what:
        case "other credentials":
            await User.filter(id=alice.id).update(credentials_version=99)
        case "disabled":
            await User.filter(id=alice.id).update(state=UserState.DISABLED)
        case "tried too often":
            await Challenge.all().update(attempts=10)
        case _:
            await Challenge.all().delete()
    before = await Session.all().count()
    outcome = await second_step.finish(
        begun,
        Given(phone.code(), ""),
        passkeys=Passkeys(world.kit.settings.public_url, "Postern"),
        visit=Visit(Client("192.0.2.7", "tests"), "", "en"),
        tells=True,
        vault=world.kit.vault,
        throttle=world.state["throttle"],
        now=now,
    )
    assert isinstance(outcome, Over)
    assert await Session.all().count() == before
