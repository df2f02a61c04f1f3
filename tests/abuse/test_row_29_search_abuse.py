"""Search: every character is literal, what is too long or forged is refused, and nobody else waits for it."""

import asyncio
import time
from urllib.parse import quote

import pytest

from tests.served import Served

SEARCHES = {"/users": "after", "/mail-log": "after", "/audit": "after"}
LITERAL = (
    "%",
    "_",
    "\\",
    "%%%",
    "a%b",
    "' OR 1=1 --",
    '"',
    "*",
    "NEAR(",
    "^",
    "\ufffd",
    "😀",
    "{{7*7}}",
    "a" * 900,
)
FORGED = (
    "0", "x", "9" * 400, "0!!!!", "0AA", "1////", "3YQ", "0" + "YWFh" * 200, "-1", "0x1", "null", "\u0661",
    "99999999999999999999",
    "1e3", "0%00", "WyIwIl0", "eyJhIjoxfQ",
)  # fmt: skip


@pytest.mark.parametrize("path", SEARCHES)
async def test_every_character_is_literal(site: Served, path: str) -> None:
    root = await site.signed_in()
    for text in LITERAL:
        answer = await root.get(f"{path}?q={quote(text)}")
        assert answer.status_code in {200, 422}, text
        assert "root@example.org" not in answer.text.replace(text, ""), text


async def test_a_sign_of_patterns_finds_those_who_have_it(site: Served) -> None:
    root = await site.signed_in()
    await site.world.person("per_cent", display_name="100% sure")
    await site.world.person("percent")
    for text in ("per_cent", "100% s", "% s"):
        page = (await root.get(f"/users?q={quote(text)}")).text
        assert "per_cent" in page, text
        assert ">percent<" not in page, text


@pytest.mark.parametrize("path", SEARCHES)
async def test_a_forged_cursor_is_refused_or_leads_to_a_page(site: Served, path: str) -> None:
    root = await site.signed_in()
    for cursor in FORGED:
        answer = await root.get(f"{path}?{SEARCHES[path]}={quote(cursor)}")
        assert answer.status_code in {200, 400, 404, 422}, cursor


@pytest.mark.parametrize("path", SEARCHES)
async def test_what_is_too_long_or_no_text_is_refused(site: Served, path: str) -> None:
    root = await site.signed_in()
    for text in ("a" * 50_000, "%" * 2_000, "\x00", "a\x00b"):
        answer = await root.get(f"{path}?q={quote(text)}")
        assert answer.status_code in {400, 414, 422, 431}, text[:10]
    assert (await root.get(path)).status_code == 200


async def test_a_query_that_is_none_of_ours_is_no_error_of_ours(site: Served) -> None:
    root = await site.signed_in()
    for query in ("q=a&q=b", "after=x&after=y", "status=none", "status=&status=active", "q=%ff%fe", "=", "&&&"):
        for path in SEARCHES:
            assert (await root.get(f"{path}?{query}")).status_code in {200, 422}, (path, query)


async def test_many_costly_searches_let_others_through(site: Served) -> None:
    root = await site.signed_in()
    for number in range(200):
        await site.world.person(f"name{number:03}", display_name="a" * 150)
    searches = [asyncio.create_task(root.get(f"/users?q={'a' * 149}{number % 10}")) for number in range(60)]
    began = time.perf_counter()
    assert (await site.browser().get("/sign-in")).status_code == 200
    waited = time.perf_counter() - began
    answers = await asyncio.gather(*searches)
    assert {answer.status_code for answer in answers} == {200}
    assert waited < 5
