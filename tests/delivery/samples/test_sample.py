"""Send me a sample reset letter: through outbox, worker and renderer, followed to the end."""

import re

import httpx2
import pytest

from tests.postal import html_of, post, text_of, use_server
from tests.smtp_server import smtp_server
from tests.world import PASSWORD, Browser, World
from webapp.audit.models import AuditEntry
from webapp.delivery.samples.endpoints import SAMPLES
from webapp.outbox.models import Letter
from webapp.principal import Role

PATH = "/mail-server/samples"


def asks(response: httpx2.Response) -> str:
    """Where the page asks how the sample is doing."""
    found = re.search(r'id="sample" hx-get="([^"]+)" hx-trigger="every 2s"', response.text)
    assert found, response.text
    return found[1]


@pytest.fixture
async def root(world: World) -> Browser:
    return await world.admin()


async def test_a_sample_is_followed_until_it_was_accepted(world: World, root: Browser) -> None:
    async with smtp_server() as server:
        await use_server(world, server)
        ordered = await root.htmx_post(PATH, {"recipient": "inbox@example.org"})
        assert world.woken.is_set()
        assert "waiting for the worker" in ordered.text
        following = asks(ordered)
        assert (await root.htmx_get(following)).status_code == 204
        world.clock.advance(seconds=2)
        await post(world)
        done = await root.htmx_get(following)
        letter = await server.next_letter()
    assert "Accepted by 127.0.0.1 after 2 seconds" in done.text
    assert "hx-trigger" not in done.text
    assert f'href="/mail-log/{(await Letter.get()).id}"' in done.text
    assert letter.recipients == ["inbox@example.org"]
    assert letter.message["Subject"] == "Sample: set a new password for Postern"


async def test_a_sample_looks_like_a_reset_letter_and_opens_no_account(world: World, root: Browser) -> None:
    async with smtp_server() as server:
        await use_server(world, server)
        await root.post(PATH)
        await post(world)
        letter = await server.next_letter()
    assert letter.recipients == ["root@example.org"]
    for text in (" ".join(part.split()) for part in (text_of(letter), html_of(letter))):
        assert "This is a sample" in text
        assert "for the account root" in text
        assert "within 30 minutes" in text
        assert "http://localhost:8000/password-reset" in text
        assert not re.search(r"/password-reset/\w", text)


async def test_a_sample_in_chinese(world: World, root: Browser) -> None:
    async with smtp_server() as server:
        await use_server(world, server)
        await root.post(PATH, Accept_Language="zh-CN")
        await post(world)
        letter = await server.next_letter()
    assert letter.message["Content-Language"] == "zh-Hans"


async def test_what_went_wrong_is_said(world: World, root: Browser) -> None:
    async with smtp_server(refused={"inbox@example.org": "550 5.1.1 No such user"}) as server:
        await use_server(world, server)
        following = asks(await root.htmx_post(PATH, {"recipient": "inbox@example.org"}))
        await post(world)
        done = await root.htmx_get(following)
    assert "The sample was not sent." in done.text
    assert "inbox@example.org" in done.text
    assert "hx-trigger" not in done.text


async def test_why_nothing_is_sent_is_said_while_it_waits(world: World, root: Browser) -> None:
    waiting = await root.htmx_post(PATH)
    assert "no mail server is set up" in waiting.text
    assert asks(waiting).endswith("?shown=queued-stuck")
    async with smtp_server(replies={"MAIL": "550 5.7.1 no"}) as server:
        await use_server(world, server)
        await post(world)
        following = await root.htmx_get(asks(waiting).replace("stuck", ""))
    assert "Letters wait: the mail server failed while naming the sender" in following.text


async def test_the_page_stops_asking_after_a_while(world: World, root: Browser) -> None:
    following = asks(await root.htmx_post(PATH))
    world.clock.advance(minutes=5)
    stopped = await root.htmx_get(following)
    assert "hx-trigger" not in stopped.text
    assert "Look again" in stopped.text


async def test_without_javascript_it_has_a_page_of_its_own(root: Browser) -> None:
    sent = await root.post(PATH, {"recipient": "inbox@example.org"})
    assert sent.status_code == 303
    page = await root.get(sent.headers["Location"])
    assert "<html" in page.text
    assert 'value="inbox@example.org"' in page.text


@pytest.mark.parametrize("recipient", ["nobody", "a@example.org\nBcc: b@example.org"])
async def test_a_wrong_recipient_is_422_and_nothing_is_sent(root: Browser, recipient: str) -> None:
    for send in (root.post, root.htmx_post):
        response = await send(PATH, {"recipient": recipient})
        assert response.status_code == 422
        assert 'aria-invalid="true"' in response.text
    assert await Letter.all().count() == 0


async def test_a_sample_is_on_record_and_other_letters_are_not_followed(world: World, root: Browser) -> None:
    sent = await root.post(PATH)
    entry = await AuditEntry.get(action="mail_server:sampled")
    assert (entry.actor, entry.subject) == ("root", "root@example.org")
    await Letter.all().update(kind="reset_link")
    assert (await root.get(sent.headers["Location"])).status_code == 404
    assert (await root.get(f"{PATH}/999999999999999999")).status_code == 404


async def test_samples_are_limited(root: Browser) -> None:
    for _ in range(SAMPLES.limit):
        assert (await root.post(PATH)).status_code == 303
    assert (await root.post(PATH)).status_code == 429
    assert await Letter.all().count() == SAMPLES.limit


async def test_only_administrators_send_samples(world: World) -> None:
    await world.person("carol", email="carol@example.org", password=PASSWORD, role=Role.HELPDESK)
    browser = world.browser()
    await browser.sign_in("carol", PASSWORD)
    assert (await browser.post(PATH)).status_code == 403


async def test_the_page_of_the_mail_server_offers_it(root: Browser) -> None:
    page = (await root.get("/mail-server")).text
    assert 'id="sample-card"' in page
    assert 'value="root@example.org"' in page
