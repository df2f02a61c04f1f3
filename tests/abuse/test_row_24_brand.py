"""Markup in the looks of letters and in names stays words: in letters, their preview, lists, toasts and the audit."""

import re

import pytest

from tests.postal import html_of, post, text_of, use_server
from tests.smtp_server import smtp_server
from tests.world import PASSWORD, World
from webapp.users.models import User

MARKUP = '<b hx-get="/sign-out" onmouseover=alert(1)>x</b>'
TEMPLATE = "{{ 7*7 }}{% include 'layout.html' %}"
ESCAPED = "&lt;b hx-get=&#34;/sign-out&#34; onmouseover=alert(1)&gt;x&lt;/b&gt;"


@pytest.mark.parametrize("text", [MARKUP, TEMPLATE])
async def test_looks_with_markup_are_words_wherever_they_are_shown(world: World, text: str) -> None:
    admin = await world.admin()
    looks = {"name": text, "support": text, "footer": text, "colour": "", "version": "0"}
    assert (await admin.post("/letters", looks)).status_code == 303
    pages = [
        await admin.get("/letters"),
        await admin.get("/letters/reset_link/preview"),
        await admin.get("/audit"),
        await admin.htmx_post("/letters", {**looks, "name": f"{text}!", "version": "0"}),
        await admin.htmx_get("/letters?name=" + "%3Cb%20onmouseover=x%3E"),
    ]
    for page in pages:
        assert "<b " not in page.text
        assert not re.search(r"\b49\b", page.text)
    assert (ESCAPED if text == MARKUP else "{{ 7*7 }}") in pages[1].text


async def test_a_name_with_markup_is_words_in_every_letter_about_it(world: World) -> None:
    admin = await world.admin()
    alice = await world.person("alice", email="alice@example.org", password=PASSWORD, display_name=MARKUP)
    # No form takes such a username; it may come from elsewhere.
    await User.filter(id=alice.id).update(username=MARKUP)
    async with smtp_server() as server:
        await use_server(world, server)
        await admin.post(f"/users/{alice.id}/reset-link")
        await admin.post(f"/users/{alice.id}/password", {"new_password": "nine purple lanterns humming"})
        await admin.post(f"/users/{alice.id}", {"email": "b@example.org", "display_name": MARKUP, "version": "1"})
        await post(world)
        letters = [await server.next_letter() for _ in range(3)]
        link = next(text_of(each) for each in letters if "/not-me/" in text_of(each))
        token = link.partition("/not-me/")[2].split()[0]
        asked = await world.browser().get(f"/not-me/{token}")
        assert "<b " not in asked.text
        await world.browser().post(f"/not-me/{token}")
        await post(world)
        letters.append(await server.next_letter())
    for letter in letters:
        assert "<b " not in html_of(letter)
        assert ESCAPED in html_of(letter)
        assert MARKUP in " ".join(text_of(letter).split())
    for path in ("/users?status=frozen", f"/users/{alice.id}", "/audit", "/mail-log"):
        assert "<b " not in (await admin.get(path)).text
