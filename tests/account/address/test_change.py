"""Another mail address, from asking for it to confirming it."""

import asyncio
import re
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.postal import post, text_of, use_server
from tests.smtp_server import Received, SmtpServer, smtp_server
from tests.world import PASSWORD, Browser, World
from webapp.audit.models import AuditEntry
from webapp.outbox.models import Letter, LetterState
from webapp.users.models import User

NEW = "alice@elsewhere.example"
LINK = re.compile(r"http://localhost:8000(/address-confirmations/\S+)")
NOT_ME = re.compile(r"http://localhost:8000(/not-me/\S+)")
FORM = "/address-confirmations/new"
FROZEN = datetime(2026, 1, 1, tzinfo=UTC)


async def letters(world: World, server: SmtpServer, count: int) -> dict[str, Received]:
    """What the post brings now, by recipient."""
    await post(world)
    found = [await server.next_letter() for _ in range(count)]
    return {each.recipients[0]: each for each in found}


def link_in(letter: Received, pattern: re.Pattern[str] = LINK) -> str:
    found = pattern.search(text_of(letter))
    assert found, text_of(letter)
    return found.group(1)


async def ask(browser: Browser, email: str = NEW, password: str = PASSWORD) -> int:
    answer = await browser.post("/account/email", {"email": email, "current_password": password})
    return answer.status_code


async def follow(browser: Browser, path: str) -> str:
    """Open a link, and return what binds its form to it."""
    answer = await browser.get(path)
    assert (answer.status_code, answer.headers["location"]) == (303, FORM), answer.text
    page = await browser.get(FORM)
    assert page.status_code == 200, page.text
    return browser.hidden(page, "link")


async def confirm(browser: Browser, path: str) -> int:
    return (await browser.post(FORM, {"link": await follow(browser, path)})).status_code


async def alice_of(world: World) -> Browser:
    await world.person("alice", email="alice@example.org", password=PASSWORD)
    return await world.entered("alice")


async def asked(world: World, server: SmtpServer, browser: Browser, email: str = NEW) -> dict[str, Received]:
    await use_server(world, server)
    assert await ask(browser, email) == 303
    return await letters(world, server, 2)


async def test_an_address_counts_once_its_own_reader_confirms_it(world: World) -> None:
    alice = await alice_of(world)
    async with smtp_server() as server:
        brought = await asked(world, server, alice)
        assert set(brought) == {NEW, "alice@example.org"}
        assert NEW not in text_of(brought["alice@example.org"])
        assert (await User.get(username="alice")).email == "alice@example.org"
        page = (await alice.get("/account")).text
        assert f"Waiting to be confirmed: {NEW}" in page
        stranger = world.browser(address="203.0.113.7")  # signed out, elsewhere
        fingerprint = await follow(stranger, link_in(brought[NEW]))
        page = (await stranger.get(FORM)).text
        assert "a***e@elsewhere.example" in page
        assert NEW not in page
        assert (await User.get(username="alice")).email == "alice@example.org"
        before = await User.get(username="alice")
        done = await stranger.post(FORM, {"link": fingerprint})
        assert (done.status_code, done.headers["location"]) == (303, "/sign-in")
        assert "The mail address is confirmed." in (await stranger.get("/sign-in")).text
        told = await letters(world, server, 2)
    user = await User.get(username="alice")
    assert (user.email, user.email_key, user.pending_email) == (NEW, NEW, None)
    assert user.email_verified_at == world.clock()
    assert user.recovery_version == before.recovery_version + 1
    assert user.credentials_version == before.credentials_version
    assert (await alice.get("/account")).status_code == 200
    assert "was changed from inside the account" in " ".join(text_of(told["alice@example.org"]).split())
    assert NOT_ME.search(text_of(told["alice@example.org"]))
    assert not NOT_ME.search(text_of(told[NEW]))
    entry = await AuditEntry.get(action="user:confirmed_address")
    assert entry.details == {"email before": "alice@example.org", "email after": NEW}
    assert (await Letter.get(kind="address_confirmation")).link_used_at is not None


async def test_looking_consumes_nothing_and_a_link_is_used_once(world: World) -> None:
    alice = await alice_of(world)
    async with smtp_server() as server:
        link = link_in((await asked(world, server, alice))[NEW])
    scanner = world.browser()
    assert (await scanner.client.head(link)).status_code == 303
    for _ in range(3):
        await follow(scanner, link)
    fingerprint = await follow(alice, link)
    other = world.browser()
    other_fingerprint = await follow(other, link)
    assert (await alice.post(FORM, {"link": fingerprint})).headers["location"] == "/account"
    assert (await other.post(FORM, {"link": other_fingerprint})).status_code == 410
    assert (await world.browser().get(link)).status_code == 410
    assert await AuditEntry.filter(action="user:confirmed_address").count() == 1


async def test_of_many_who_confirm_at_once_one_has_done_it(world: World) -> None:
    alice = await alice_of(world)
    async with smtp_server() as server:
        link = link_in((await asked(world, server, alice))[NEW])
    browsers = [world.browser() for _ in range(5)]
    fingerprints = [await follow(browser, link) for browser in browsers]
    answers = await asyncio.gather(
        *(browser.post(FORM, {"link": mark}) for browser, mark in zip(browsers, fingerprints, strict=True))
    )
    assert sorted(answer.status_code for answer in answers) == [303, 410, 410, 410, 410]
    assert await AuditEntry.filter(action="user:confirmed_address").count() == 1


async def test_of_two_people_who_confirm_one_address_at_once_one_gets_it(world: World) -> None:
    alice = await alice_of(world)
    await world.person("bob", email="bob@example.org", password=PASSWORD)
    bob = await world.entered("bob")
    async with smtp_server() as server:
        first = link_in((await asked(world, server, alice, "both@example.net"))["both@example.net"])
        assert await ask(bob, "Both@example.net") == 303
        second = link_in((await letters(world, server, 2))["Both@example.net"])
    browsers = (world.browser(), world.browser())
    marks = [await follow(browser, link) for browser, link in zip(browsers, (first, second), strict=True)]
    answers = await asyncio.gather(
        *(browser.post(FORM, {"link": mark}) for browser, mark in zip(browsers, marks, strict=True))
    )
    assert sorted(answer.status_code for answer in answers) == [303, 409]
    assert await User.filter(email_key="both@example.net").count() == 1


async def test_an_address_that_somebody_has_is_told_to_its_reader_alone(world: World) -> None:
    alice = await alice_of(world)
    await world.person("bob", email="bob@example.org")
    pages = []
    async with smtp_server() as server:
        await use_server(world, server)
        for address in ("bob@example.org", "nobody@example.org"):
            answer = await alice.post("/account/email", {"email": address, "current_password": PASSWORD})
            page = await alice.get(answer.headers["location"])
            pages.append((answer.status_code, page.text.replace(address, "ADDRESS")))
            brought = await letters(world, server, 2)
            if address == "bob@example.org":
                link = link_in(brought[address])
                holder = world.browser()
                taken = await holder.post(FORM, {"link": await follow(holder, link)})
                assert taken.status_code == 409
                assert "Another account uses this mail address" in taken.text
    assert pages[0] == pages[1]
    assert (await User.get(username="alice")).email == "alice@example.org"
    assert not await AuditEntry.filter(action="user:confirmed_address").exists()


async def test_the_present_password_is_asked_for_and_never_shown_again(world: World) -> None:
    alice = await alice_of(world)
    for password in ("", "wrong horse battery 1"):
        answer = await alice.post("/account/email", {"email": NEW, "current_password": password})
        assert answer.status_code == 422
        assert "This is not your present password." in answer.text
        assert f'value="{NEW}"' in answer.text
        assert not password or password not in answer.text
    for address in ("", "alice", "a@b\r\nBcc: x@y.example", "a b@example.org"):
        assert await ask(alice, address) == 422, address
    assert await Letter.all().count() == 0
    assert (await User.get(username="alice")).pending_email is None


async def test_guesses_and_letters_are_limited(world: World) -> None:
    alice = await alice_of(world)
    assert [await ask(alice, password="x") for _ in range(6)][-1] == 429
    await world.person("bob", email="bob@example.org", password=PASSWORD)
    bob = await world.entered("bob")
    codes = [await ask(bob, f"new{number}@example.net") for number in range(6)]
    assert codes == [303] * 5 + [429]


async def test_the_notice_to_the_old_address_stops_it(world: World) -> None:
    alice = await alice_of(world)
    async with smtp_server() as server:
        brought = await asked(world, server, alice)
    owner = world.browser()
    assert (await owner.post(link_in(brought["alice@example.org"], NOT_ME))).status_code == 200
    assert (await world.browser().get(link_in(brought[NEW]))).status_code == 410
    assert (await alice.get("/account")).status_code == 303


@pytest.mark.parametrize("how", ["cancelled", "other", "password", "disabled", "corrected", "old"])
async def test_what_ends_a_link(world: World, how: str) -> None:
    alice = await alice_of(world)
    admin = await world.admin()
    user = await User.get(username="alice")
    async with smtp_server() as server:
        link = link_in((await asked(world, server, alice))[NEW])
    browser = world.browser()
    fingerprint = await follow(browser, link)
    match how:
        case "cancelled":
            await alice.post("/account/email/pending", {"action": "cancel"})
            assert NEW not in (await alice.get("/account")).text
        case "other":
            assert await ask(alice, "third@example.net") == 303
        case "password":
            fields = {"current_password": PASSWORD, "new_password": "violet harbour seven lanterns"}
            assert (await alice.post("/account/password", fields)).status_code == 303
            assert NEW not in (await alice.get("/account")).text
        case "disabled":
            await admin.post(f"/users/{user.id}/state", {"state": "disabled"})
        case "corrected":
            fields = {"email": "alice@corrected.example", "display_name": "", "role": "user", "version": "1"}
            assert (await admin.post(f"/users/{user.id}", fields)).status_code == 303
        case _:
            world.clock.advance(hours=24, seconds=1)
    assert (await browser.get(FORM)).status_code == 410
    assert (await browser.post(FORM, {"link": fingerprint})).status_code == 410
    assert (await User.get(username="alice")).email != NEW


async def test_a_form_of_another_link_and_other_tokens_confirm_nothing(world: World) -> None:
    alice = await alice_of(world)
    await world.person("bob", email="bob@example.org", password=PASSWORD)
    bob = await world.entered("bob")
    async with smtp_server() as server:
        mine = link_in((await asked(world, server, alice))[NEW])
        assert await ask(bob, "bob@elsewhere.example") == 303
        brought = await letters(world, server, 2)
        theirs = link_in(brought["bob@elsewhere.example"])
    browser = world.browser()
    fingerprint = await follow(browser, mine)
    await follow(browser, theirs)
    assert (await browser.post(FORM, {"link": fingerprint})).status_code == 409
    assert (await world.browser().post(FORM, {"link": fingerprint})).status_code == 410
    token = mine.rpartition("/")[2]
    for path in (f"/password-reset/{token}", f"/invitations/{token}", f"/not-me/{token}", f"{mine}x"):
        assert (await world.browser().get(path)).status_code == 410, path
    not_me = link_in(brought["bob@example.org"], NOT_ME).rpartition("/")[2]
    assert (await world.browser().get(f"/address-confirmations/{not_me}")).status_code == 410
    # Whoever is signed in has no part in it: bob's browser confirms for alice, and stays bob's.
    assert await confirm(bob, mine) == 303
    assert (await User.get(username="alice")).email == NEW
    assert (await User.get(username="bob")).email == "bob@example.org"


async def test_the_letter_is_sent_again_after_a_minute(world: World) -> None:
    alice = await alice_of(world)
    async with smtp_server() as server:
        first = link_in((await asked(world, server, alice))[NEW])
        again = await alice.post("/account/email/pending", {"action": "resend"})
        assert (again.status_code, again.headers["retry-after"]) == (429, "60")
        world.clock.advance(minutes=1)
        assert (await alice.post("/account/email/pending", {"action": "resend"})).status_code == 303
        second = link_in((await letters(world, server, 1))[NEW])
    await follow(world.browser(), first)
    assert await confirm(world.browser(), second) == 303
    assert (await world.browser().get(first)).status_code == 410
    assert (await alice.post("/account/email/pending", {"action": "resend"})).status_code == 409


async def test_a_letter_that_waits_is_not_sent_once_the_address_is_taken_back(world: World) -> None:
    alice = await alice_of(world)
    assert await ask(alice) == 303
    await alice.post("/account/email/pending", {"action": "cancel"})
    letter = await Letter.get(kind="address_confirmation")
    assert (letter.state, letter.reason) == (LetterState.CANCELLED, "address_withdrawn")


async def test_an_address_that_an_administrator_typed_can_be_confirmed(world: World) -> None:
    alice = await alice_of(world)
    async with smtp_server() as server:
        await use_server(world, server)
        assert await ask(alice, "alice@example.org") == 303
        brought = await letters(world, server, 1)
        assert await confirm(world.browser(), link_in(brought["alice@example.org"])) == 303
        assert await post(world) == 0  # nothing has moved, and nobody is told that it has
    assert (await User.get(username="alice")).email_verified_at is not None
    assert await ask(alice, "Alice@Example.org") == 422


async def test_the_letter_tells_the_persons_own_time(world: World) -> None:
    alice = await alice_of(world)
    await alice.post("/account", {"language": "en", "time_zone": "Asia/Tokyo"})
    async with smtp_server() as server:
        letter = (await asked(world, server, alice))[NEW]
    text = " ".join(text_of(letter).split())
    assert "until Nov 23, 2026, 9:00 PM (Asia/Tokyo)" in text


@pytest.mark.parametrize(
    ("what", "reason"),
    [
        ({"state": "disabled"}, "account_disabled"),
        ({"frozen_at": FROZEN}, "account_frozen"),
        ({"deleted_at": FROZEN}, "account_deleted"),
        ({"recovery_version": 99}, "link_replaced"),
        ({"pending_email": "third@example.org"}, "address_withdrawn"),
    ],
)
async def test_a_letter_is_not_sent_that_makes_no_sense_any_more(
    world: World, what: dict[str, Any], reason: str
) -> None:
    alice = await alice_of(world)
    async with smtp_server() as server:
        await use_server(world, server)
        assert await ask(alice) == 303
        # As another process would, between the asking and the sending.
        await User.filter(username="alice").update(**what)
        await post(world)
    assert (await Letter.get(kind="address_confirmation")).reason == reason


async def test_a_letter_that_waited_longer_than_its_link_lives_is_not_sent(world: World) -> None:
    alice = await alice_of(world)
    async with smtp_server() as server:
        await use_server(world, server)
        assert await ask(alice) == 303
        world.clock.advance(days=8)
        await post(world)
    letter = await Letter.get(kind="address_confirmation")
    assert (letter.state, letter.reason) == (LetterState.CANCELLED, "too_late")


async def test_whoever_has_not_the_password_keeps_nobody_from_an_address(world: World) -> None:
    await world.person("mallory", email="mallory@example.org", password=PASSWORD)
    mallory, alice = await world.entered("mallory"), await alice_of(world)
    assert [await ask(mallory, NEW, password="wrong") for _ in range(5)] == [422] * 5
    assert await ask(alice, NEW) == 303
