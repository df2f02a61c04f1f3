from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.world import Browser, World, a_world
from webapp.db.connect import Database
from webapp.dev_mailbox.mailbox import FOLDER, keep, letters

LETTER = (
    b"From: Postern <postern@example.org>\r\nSubject: <script>alert(1)</script> & more\r\n"
    b"Content-Type: multipart/alternative; boundary=b\r\n\r\n"
    b"--b\r\nContent-Type: text/plain\r\n\r\nOpen http://localhost:8000/password-reset/abc now.\r\n<b>bold</b>\r\n"
    b"--b\r\nContent-Type: text/html\r\n\r\n<script>alert(1)</script><p>Hello</p>\r\n--b--\r\n"
)


@pytest.fixture
async def dev(db: Database, tmp_path: Path) -> AsyncIterator[World]:
    """A world as `make run` makes it."""
    async with a_world(db, tmp_path, dev=True) as world:
        yield world


def arrives(world: World, source: bytes = LETTER) -> int:
    return keep(world.kit.settings.data_dir / FOLDER, source, ["ada@example.org"])


async def test_the_mailbox_is_there_in_development_alone(world: World) -> None:
    arrives(world)
    for path in ("/dev/mailbox", "/dev/mailbox/1", "/dev/mailbox/1/html", "/dev/kit"):
        assert (await world.browser().get(path)).status_code == 404


async def test_an_empty_mailbox_says_what_to_do(dev: World) -> None:
    page = await dev.browser().get("/dev/mailbox")
    assert "No letter yet" in page.text
    assert "127.0.0.1:1025" in page.text


async def test_the_list_shows_what_arrived_and_its_region_is_a_part_of_the_page(dev: World) -> None:
    number, browser = arrives(dev), dev.browser()
    page = await browser.get("/dev/mailbox")
    assert f'href="/dev/mailbox/{number}"' in page.text
    assert "&lt;script&gt;alert(1)&lt;/script&gt; &amp; more" in page.text
    assert "<script>alert" not in page.text
    assert 'hx-trigger="every 2s"' in page.text
    region = await browser.htmx_get("/dev/mailbox", shown="/dev/mailbox")
    assert region.text.strip() in page.text


async def test_a_list_without_news_is_left_alone(dev: World) -> None:
    browser = dev.browser()
    assert (await browser.htmx_get("/dev/mailbox?newest=")).status_code == 204
    number = arrives(dev)
    assert (await browser.htmx_get("/dev/mailbox?newest=")).status_code == 200
    assert (await browser.htmx_get(f"/dev/mailbox?newest={number}")).status_code == 204
    assert (await browser.get(f"/dev/mailbox?newest={number}")).status_code == 200
    arrives(dev)
    assert (await browser.htmx_get(f"/dev/mailbox?newest={number}")).status_code == 200


async def opened(browser: Browser, number: int, rest: str = "") -> str:
    answer = await browser.get(f"/dev/mailbox/{number}{rest}")
    assert answer.status_code == 200
    return answer.text


async def test_a_letter_is_text_with_links_and_inert_markup(dev: World) -> None:
    text = await opened(dev.browser(), arrives(dev))
    assert '<a href="http://localhost:8000/password-reset/abc"' in text
    assert "&lt;b&gt;bold&lt;/b&gt;" in text
    assert "<script>alert" not in text
    assert "ada@example.org" in text
    assert "X-Envelope-To: ada@example.org" in text
    assert "See it as HTML" in text


async def test_the_html_of_a_letter_is_a_sandboxed_document(dev: World) -> None:
    answer = await dev.browser().get(f"/dev/mailbox/{arrives(dev)}/html")
    policy = answer.headers["Content-Security-Policy"]
    assert policy.startswith("sandbox; default-src 'none'")
    assert "allow-" not in policy
    assert "script-src" not in policy
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "<p>Hello</p>" in answer.text


async def test_a_letter_of_text_alone_or_without_a_subject_is_shown(dev: World) -> None:
    text = await opened(dev.browser(), arrives(dev, b"\r\nJust text\r\n"))
    assert "Without a subject" in text
    assert "Just text" in text
    assert "See it as HTML" not in text


async def test_a_letter_that_is_not_there_is_not_found(dev: World) -> None:
    for number in ("1", "9" * 16, "9" * 300):
        for rest in ("", "/html"):
            assert (await dev.browser().get(f"/dev/mailbox/{number}{rest}")).status_code == 404


async def test_the_kit_shows_every_part(dev: World) -> None:
    assert (await dev.browser().get("/dev/kit")).status_code == 200


async def test_the_mailbox_speaks_chinese_too(dev: World) -> None:
    arrives(dev)
    assert 'lang="zh' in (await dev.browser(language="zh-CN").get("/dev/mailbox")).text
    assert len(letters(dev.kit.settings.data_dir / FOLDER)) == 1
