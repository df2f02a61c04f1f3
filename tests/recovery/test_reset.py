"""The way back in, from the forgot page to the new password, over a real mail server."""

import asyncio

import pytest

from tests.postal import NEW_PASSWORD as NEW
from tests.postal import ask, crew, link_in, open_link, post, text_of, the_link, use_server
from tests.smtp_server import smtp_server
from tests.world import PASSWORD, World
from webapp.outbox.models import Letter, LetterState
from webapp.recovery.models import RecoveryRequest, RequestOutcome
from webapp.users.models import User


async def test_a_forgotten_password_is_replaced_by_way_of_a_letter(world: World) -> None:
    await world.person("alice", email="alice@example.org", password=PASSWORD)
    async with smtp_server() as server:
        await use_server(world, server)
        await ask(world, "Alice")
        await post(world)
        letter = await server.next_letter()
        assert letter.recipients == ["alice@example.org"]
        assert letter.message["Auto-Submitted"] == "auto-generated"
        browser = world.browser()
        fingerprint = await open_link(browser, link_in(letter))
        done = await browser.post("/password-reset/new", {"new_password": NEW, "link": fingerprint})
        assert (done.status_code, done.headers["location"]) == (303, "/sign-in")
        assert "Your new password is set" in (await browser.get("/sign-in")).text
        await world.browser().sign_in("alice", NEW)
        await post(world)
        notice = await server.next_letter()
    assert "was changed" in str(notice.message["Subject"])
    assert notice.recipients == ["alice@example.org"]
    assert "/password-reset/" not in text_of(notice).replace("/password-reset\n", "")


async def test_old_sessions_are_gone_and_nobody_is_signed_in_by_a_reset(world: World) -> None:
    await world.person("alice", email="alice@example.org", password=PASSWORD)
    before = world.browser()
    await before.sign_in("alice", PASSWORD)
    async with smtp_server() as server:
        await use_server(world, server)
        browser = world.browser()
        fingerprint = await open_link(browser, await the_link(world, server, "alice@example.org"))
        await browser.post("/password-reset/new", {"new_password": NEW, "link": fingerprint})
    for each in (before, browser):
        assert (await each.get("/account")).headers["location"].startswith("/sign-in")


async def test_a_person_without_a_password_gets_a_letter_too(world: World) -> None:
    await world.person("newcomer", email="new@example.org")
    async with smtp_server() as server:
        await use_server(world, server)
        browser = world.browser()
        fingerprint = await open_link(browser, await the_link(world, server, "newcomer"))
        done = await browser.post("/password-reset/new", {"new_password": NEW, "link": fingerprint})
    assert done.status_code == 303
    await world.browser().sign_in("newcomer", NEW)


async def test_a_password_against_the_policy_is_refused_on_the_field_and_the_link_stays_good(world: World) -> None:
    await world.person("alice", email="alice@example.org")
    async with smtp_server() as server:
        await use_server(world, server)
        browser = world.browser()
        fingerprint = await open_link(browser, await the_link(world, server, "alice"))
    refused = await browser.post("/password-reset/new", {"new_password": "short-secret", "link": fingerprint})
    assert refused.status_code == 422
    assert "Use at least 15 characters." in refused.text
    assert "short-secret" not in refused.text
    region = await browser.htmx_post("/password-reset/new", {"new_password": "short", "link": fingerprint})
    assert region.status_code == 422
    assert region.text.lstrip().startswith("<form")
    assert (await browser.post("/password-reset/new", {"new_password": NEW, "link": fingerprint})).status_code == 303


async def test_the_page_says_whom_it_is_for_without_giving_the_name_away(world: World) -> None:
    await world.person("alexandra", email="alex@example.org", display_name="Alexandra Doe")
    async with smtp_server() as server:
        await use_server(world, server)
        browser = world.browser()
        await open_link(browser, await the_link(world, server, "alexandra"))
    page = (await browser.get("/password-reset/new")).text
    assert "a***a" in page
    assert "alexandra" not in page.lower()


async def test_a_letter_is_in_the_language_of_the_page_where_it_was_asked_for(world: World) -> None:
    await world.person("alice", email="alice@example.org")
    async with smtp_server() as server:
        await use_server(world, server)
        await ask(world, "alice", language="zh-CN")
        await post(world)
        letter = await server.next_letter()
        assert letter.message["Content-Language"] == "zh-Hans"
        browser = world.browser()
        fields = {"new_password": NEW, "link": await open_link(browser, link_in(letter))}
        assert (await browser.post("/password-reset/new", fields)).status_code == 303
        await post(world)
        assert (await server.next_letter()).message["Content-Language"] == "zh-Hans"


@pytest.mark.parametrize("identifier", ["", "two words", "a@b@c", "line\nbreak", "x" * 300, "name@"])
async def test_what_is_no_name_and_no_address_is_refused_on_the_field(world: World, identifier: str) -> None:
    response = await world.browser().post("/password-reset", {"identifier": identifier})
    assert response.status_code == 422
    assert 'aria-invalid="true"' in response.text
    assert not await RecoveryRequest.exists()


async def test_asking_again_at_once_comes_to_nothing_more(world: World) -> None:
    await world.person("alice", email="alice@example.org")
    for _ in range(3):
        await ask(world, "alice")
    await post(world)
    assert await Letter.all().count() == 1
    world.clock.advance(seconds=61)
    await ask(world, "ALICE")
    await post(world)
    assert await Letter.all().count() == 2


async def test_what_was_typed_is_encrypted_and_gone_when_there_is_a_letter(world: World) -> None:
    await world.person("alice", email="alice@example.org")
    for identifier in ("alice", "somebody-unknown"):
        await ask(world, identifier)
    for waiting in await RecoveryRequest.all():
        for typed in ("alice", "somebody"):
            assert typed not in waiting.sealed_identifier + waiting.identifier_digest
    await post(world)
    with_letter, without = await RecoveryRequest.all().order_by("id")
    assert (with_letter.outcome, with_letter.sealed_identifier) == (RequestOutcome.LETTER, "")
    assert without.outcome is RequestOutcome.NO_SUCH_ACCOUNT
    assert without.sealed_identifier
    assert "somebody" not in without.sealed_identifier


async def test_why_there_was_no_letter_is_on_record(world: World) -> None:
    await world.person("homeless")
    disabled = await world.person("gone", email="gone@example.org")
    await User.filter(id=disabled.id).update(state="disabled")
    for name in ("homeless", "gone"):
        await ask(world, name)
    await post(world)
    assert not await Letter.exists()
    assert [each.outcome for each in await RecoveryRequest.all().order_by("id")] == [
        RequestOutcome.NO_ADDRESS,
        RequestOutcome.DISABLED,
    ]


async def test_of_two_drains_one_resolves(world: World) -> None:
    await world.person("alice", email="alice@example.org")
    await ask(world, "alice")
    one, other = crew(world).drain, crew(world).drain
    assert sorted(await asyncio.gather(one.once(), other.once())) == [0, 1]
    assert await Letter.all().count() == 1


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"state": "disabled"}, "account_disabled"),
        ({"email": "new@example.org", "email_key": "new@example.org"}, "address_changed"),
        ({"recovery_version": 7}, "link_replaced"),
    ],
)
async def test_a_letter_that_has_lost_its_sense_is_not_sent(
    world: World, change: dict[str, object], reason: str
) -> None:
    person = await world.person("alice", email="alice@example.org")
    await ask(world, "alice")
    await post(world)  # there is no mail server yet
    await User.filter(id=person.id).update(**change)
    async with smtp_server() as server:
        await use_server(world, server)
        await post(world)
        assert server.letters == []
    letter = await Letter.get()
    assert (letter.state, letter.reason) == (LetterState.CANCELLED, reason)


async def test_of_letters_that_waited_only_the_newest_is_sent(world: World) -> None:
    await world.person("alice", email="alice@example.org")
    for _ in range(3):
        await ask(world, "alice")
        await post(world)
        world.clock.advance(minutes=2)
    async with smtp_server() as server:
        await use_server(world, server)
        await post(world)
        assert len(server.letters) == 1
    assert await Letter.filter(reason="superseded").count() == 2


async def test_the_forgot_page_works_without_scripts_and_is_reached_from_sign_in(world: World) -> None:
    browser = world.browser()
    assert 'href="/password-reset"' in (await browser.get("/sign-in")).text
    page = await browser.get("/password-reset")
    assert 'method="post"' in page.text
    sent = await browser.get("/password-reset/sent")
    assert 'href="/password-reset"' in sent.text
    assert "30 minutes" in sent.text
