"""Received? The link in a test letter, and the open page that waits for it."""

import re

import pytest

from tests.mail_server.conftest import SignIn
from tests.mail_server.filling import fields
from tests.postal import html_of, text_of
from tests.smtp_server import Received, SmtpServer, smtp_server
from tests.world import Browser, World
from webapp.mail_server.models import Verdict
from webapp.principal import Role

TEST = "/mail-server/tests"
TO = {"recipient": "inbox@example.org"}
LINK = re.compile(r"http://localhost:8000(/received/\S+)")


def link_in(letter: Received) -> str:
    found = LINK.search(text_of(letter))
    assert found, text_of(letter)
    return found[1]


async def sent_by(browser: Browser, server: SmtpServer) -> tuple[str, str]:
    """Test the server: the link of the letter, and where the page asks for its receipt."""
    answer = await browser.htmx_post(TEST, {**fields(server), **TO})
    asked = re.search(r'id="receipt"[^>]* hx-get="([^"]+)" hx-trigger="every 2s"', answer.text)
    assert asked, answer.text[-3_000:]
    return link_in(await server.next_letter()), asked[1].replace("&amp;", "&")


async def test_a_confirmed_letter_turns_the_open_page(world: World, alice: Browser) -> None:
    async with smtp_server() as server:
        link, receipt = await sent_by(alice, server)
    world.clock.advance(seconds=3)
    assert (await alice.htmx_get(receipt)).status_code == 204
    stranger = world.browser()
    shown = await stranger.get(link)
    assert (shown.status_code, "I received it" in shown.text) == (200, True)
    assert "Thank you" not in shown.text
    opened = await alice.htmx_get(receipt)
    assert "opened after 3 seconds" in opened.text
    assert "Not confirmed yet" in opened.text
    world.clock.advance(seconds=5)
    thanked = await stranger.post(link)
    assert (thanked.status_code, "Thank you" in thanked.text) == (200, True)
    done = await alice.htmx_get(receipt)
    assert "Received after 8 seconds" in done.text
    assert "hx-trigger" not in done.text
    world.clock.advance(seconds=60)
    assert "Thank you" in (await stranger.get(link)).text
    await stranger.post(link)
    assert "Received after 8 seconds" in (await alice.get(receipt)).text


async def test_what_the_page_shows_is_asked_for_only_until_it_changes(alice: Browser) -> None:
    async with smtp_server() as server:
        link, receipt = await sent_by(alice, server)
    await alice.get(link)
    opened = await alice.htmx_get(receipt)
    follow_up = re.search(r'hx-get="([^"]+)"', opened.text)
    assert follow_up
    assert (await alice.htmx_get(follow_up[1])).status_code == 204
    assert (await alice.htmx_get(receipt)).status_code == 200


async def test_head_is_not_even_an_opening(world: World, alice: Browser) -> None:
    async with smtp_server() as server:
        link, _ = await sent_by(alice, server)
    assert (await world.browser().client.head(link)).status_code == 200
    assert (await Verdict.get()).opened_at is None


async def test_scanners_that_open_links_receive_nothing(world: World, alice: Browser) -> None:
    async with smtp_server() as server:
        link, _ = await sent_by(alice, server)
    for _ in range(3):
        await world.browser().get(link)
    verdict = await Verdict.get()
    assert (verdict.opened_at, verdict.received_at) == (world.clock(), None)


async def test_another_origin_than_public_url_answers_and_says_so(world: World, alice: Browser) -> None:
    async with smtp_server() as server:
        link, receipt = await sent_by(alice, server)
    elsewhere = {"Host": "10.0.0.5:8080"}
    shown = await world.browser().get(link, **elsewhere)
    assert shown.status_code == 200
    assert "You came by another address" in shown.text
    assert "http://10.0.0.5:8080" in shown.text
    assert "http://localhost:8000" in shown.text
    # Over plain HTTP browsers say where a form comes from by Origin alone.
    browser = world.browser()
    done = await browser.client.post(link, headers={**elsewhere, "Origin": "http://10.0.0.5:8080"})
    assert (done.status_code, "Thank you" in done.text) == (200, True)
    assert "http://10.0.0.5:8080" in (await alice.htmx_get(receipt)).text
    usual = await world.browser().get(link, Host="LOCALHOST:8000")
    assert "You came by another address" not in usual.text


async def test_a_hostile_host_header_is_text(world: World, alice: Browser) -> None:
    async with smtp_server() as server:
        link, _ = await sent_by(alice, server)
    hostile = "<img-src=x>." + "y" * 400
    assert "<img" not in (await world.browser().get(link, Host=hostile)).text
    await world.browser().post(link, Host=hostile)
    assert len((await Verdict.get()).received_by) <= 300


@pytest.mark.parametrize("token", ["x", "x.y.z", "a" * 3_000])
async def test_a_link_that_is_not_ours_does_nothing(world: World, token: str) -> None:
    assert (await world.browser().get(f"/received/{token}")).status_code == 410
    assert (await world.browser().post(f"/received/{token}")).status_code == 410


async def test_a_link_ends_after_a_week(world: World, alice: Browser) -> None:
    async with smtp_server() as server:
        link, _ = await sent_by(alice, server)
    world.clock.advance(days=7, seconds=1)
    assert (await world.browser().post(link)).status_code == 410
    assert (await Verdict.get()).received_at is None


async def test_a_test_that_is_not_on_record_is_said_so(world: World, alice: Browser) -> None:
    async with smtp_server() as server:
        link, _ = await sent_by(alice, server)
    await Verdict.all().delete()
    assert "is not on record" in (await world.browser().get(link)).text
    assert "is not on record" in (await world.browser().post(link)).text


async def test_the_link_opens_nothing_else(world: World, alice: Browser) -> None:
    async with smtp_server() as server:
        link, _ = await sent_by(alice, server)
    token = link.rpartition("/")[2]
    opened = await world.browser().get(f"/password-reset/{token}")
    page = await world.browser().get("/password-reset/new")
    assert "postern_session" not in opened.headers.get("Set-Cookie", "")
    assert page.status_code != 200 or 'name="new_password"' not in page.text
    stranger = world.browser()
    await stranger.post(link)
    assert (await stranger.get("/mail-server")).status_code == 303


async def test_the_letter_has_the_link_in_both_parts_and_the_answer_has_it_in_none(alice: Browser) -> None:
    async with smtp_server() as server:
        answer = await alice.htmx_post(TEST, {**fields(server), **TO})
        letter = await server.next_letter()
    token = link_in(letter).rpartition("/")[2]
    assert f'href="http://localhost:8000/received/{token}"' in html_of(letter)
    assert token not in answer.text


async def test_the_page_stops_asking_after_a_while(world: World, alice: Browser) -> None:
    async with smtp_server() as server:
        _, receipt = await sent_by(alice, server)
    world.clock.advance(minutes=10)
    stopped = await alice.htmx_get(receipt)
    assert stopped.status_code == 200
    assert "hx-trigger" not in stopped.text
    assert "Look again" in stopped.text


async def test_without_javascript_there_is_a_page_to_look_at(alice: Browser) -> None:
    async with smtp_server() as server:
        page = await alice.post(TEST, {**fields(server), **TO})
        link = link_in(await server.next_letter())
    found = re.search(r'<noscript><p><a href="(/mail-server/receipts/\d+)"', page.text)
    assert found
    await alice.post(link)
    whole = await alice.get(found[1])
    assert "<html" in whole.text
    assert "Received after 0 seconds" in whole.text


async def test_a_letter_that_was_not_sent_is_not_waited_for(alice: Browser) -> None:
    async with smtp_server(replies={"MAIL": "550 5.7.1 no"}) as server:
        answer = await alice.htmx_post(TEST, {**fields(server), **TO})
    assert "hx-trigger" not in answer.text.rpartition('id="receipt"')[2].partition("</div>")[0]
    number = (await Verdict.get()).id
    assert (await alice.get(f"/mail-server/receipts/{number}")).status_code == 404
    assert (await alice.get("/mail-server/receipts/999999999999999999")).status_code == 404
    assert (await alice.get("/mail-server/receipts/0")).status_code == 404


async def test_a_new_test_clears_the_receipt_of_the_last(alice: Browser) -> None:
    async with smtp_server() as server:
        answer = await alice.htmx_post(TEST, {**fields(server), **TO})
    first = answer.text.partition("\n\n")[0]
    assert re.search(r'id="receipt" role="status"></div>', first)


@pytest.mark.parametrize("role", [Role.HELPDESK, Role.AUDITOR, Role.USER])
async def test_only_administrators_watch(sign_in: SignIn, role: Role) -> None:
    browser = await sign_in("carol", role)
    assert (await browser.get("/mail-server/receipts/1")).status_code == 403
