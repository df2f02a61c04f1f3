"""The list of people."""

import re
from datetime import UTC, datetime
from urllib.parse import quote

import pytest

from tests.people.conftest import SignedIn
from tests.world import World
from webapp.principal import Role
from webapp.users.models import User
from webapp.users.names import search_columns
from webapp.users.search import PAGE_SIZE

LONG_NAME = "Wilhelmina van der Westhuizen"


def _text(html: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", "", html)).strip()


async def test_the_region_is_a_part_of_its_page(world: World, signed_in: SignedIn) -> None:
    browser = await signed_in()
    await world.person("ada", email="ada@example.org", display_name="Ada Lovelace")
    for path in ("/users", "/users?q=ada", "/users?q=nobody", "/users?status=no_address"):
        page, region = await browser.get(path), await browser.htmx_get(path)
        assert (page.status_code, region.status_code) == (200, 200)
        assert region.text.strip() in page.text
        assert "<html" not in region.text
        assert 'id="people"' in region.text


async def test_what_was_found_is_marked(world: World, signed_in: SignedIn) -> None:
    browser = await signed_in()
    await world.person("ada", email="ada@example.org", display_name="Ada Lovelace")
    region = (await browser.htmx_get("/users?q=LOVE")).text
    assert "Ada <mark>Love</mark>lace" in region
    assert "1 user" in _text(region)


async def test_an_id_that_was_typed_is_shown_and_marked(world: World, signed_in: SignedIn) -> None:
    browser = await signed_in()
    ada = await world.person("ada")
    for needle in (f"{ada.id}", f"id:{ada.id}"):
        assert f"<mark>{ada.id}</mark>" in (await browser.htmx_get(f"/users?q={needle}")).text
    assert "<small>Id" not in (await browser.htmx_get("/users?q=ada")).text


async def test_days_are_those_of_the_readers_zone(world: World, signed_in: SignedIn) -> None:
    browser = await signed_in()
    ada = await world.person("ada")
    await User.filter(id=ada.id).update(created_at=datetime(2026, 3, 4, 20, 30, 15, tzinfo=UTC))
    exactly = 'datetime="2026-03-04T20:30:15+00:00" title="2026-03-04 20:30:15 UTC"'
    # app.js shows the day of the browser's zone where this mark is.
    assert f"<time {exactly} data-day>Mar 4, 2026</time>" in (await browser.htmx_get("/users?q=ada")).text
    await User.filter(username="root").update(time_zone="Asia/Tokyo")
    exactly = 'datetime="2026-03-05T05:30:15+09:00" title="2026-03-05 05:30:15 +09:00"'
    assert f"<time {exactly}>Mar 5, 2026</time>" in (await browser.htmx_get("/users?q=ada")).text


async def test_markup_in_a_name_and_in_the_search_is_text(world: World, signed_in: SignedIn) -> None:
    browser = await signed_in()
    await world.person("eve", display_name="<img src=x onerror=alert(1)>")
    for needle in ("<img", "", '"><script>'):
        page = (await browser.get(f"/users?q={quote(needle)}")).text
        assert "<img src=x" not in page
        assert "<script>" not in page.replace("<script src", "")
    assert "<mark>&lt;img</mark>" in (await browser.get("/users?q=%3Cimg")).text


async def test_the_first_letters_push_the_url_and_the_following_replace_it(world: World, signed_in: SignedIn) -> None:
    browser = await signed_in()
    first = await browser.htmx_get("/users?q=a", shown="/users")
    assert first.headers["HX-Push-Url"] == "/users?q=a"
    assert "HX-Replace-Url" not in first.headers
    second = await browser.htmx_get("/users?q=an&status=active", shown="/users?q=a&status=active")
    assert second.headers["HX-Replace-Url"] == "/users?q=an&status=active"
    assert "HX-Push-Url" not in second.headers
    assert "HX-Push-Url" not in (await browser.get("/users?q=a")).headers


async def test_the_status_keeps_the_search_and_the_search_the_status(world: World, signed_in: SignedIn) -> None:
    browser = await signed_in()
    page = (await browser.get("/users?q=a%26b&status=disabled&status=no_address&role=user&idle_days=7")).text
    assert '<option value="disabled" selected>' in page
    assert '<option value="7" selected>' in page
    shown_without = re.findall(r'<a class="badge accent" href="([^"]+)"', page)
    assert [each.replace("&amp;", "&") for each in shown_without] == [
        "/users?q=a%26b&status=disabled%2Cno_address&idle_days=7",
        "/users?q=a%26b&role=user&status=no_address&idle_days=7",
        "/users?q=a%26b&role=user&status=disabled&idle_days=7",
        "/users?q=a%26b&role=user&status=disabled%2Cno_address",
    ]


async def test_more_leads_through_everybody_with_links_alone(world: World, signed_in: SignedIn) -> None:
    browser = await signed_in()
    names = {f"person.{number:03}" for number in range(120)}
    await User.bulk_create(
        [
            User(username=name, username_key=name, created_at=world.clock(), **search_columns(name, None, ""))
            for name in sorted(names | {f"other.{number}" for number in range(5)})
        ]
    )
    seen: list[str] = []
    path = "/users?q=person"
    pages = 0
    while path:
        page = (await browser.get(path)).text
        assert ("120 users" if not pages else "Further users") in _text(page)
        seen += re.findall(r"<mark>person</mark>(\.\d+)</a>", page)
        more = re.search(r'<a[^>]*href="([^"]+)"[^>]*rel="next"', page)
        path = more.group(1).replace("&amp;", "&") if more else ""
        pages += 1
    assert pages == -(-120 // PAGE_SIZE)
    assert [f"person{each}" for each in seen] == sorted(names)


async def test_nobody_found_says_what_to_do(world: World, signed_in: SignedIn) -> None:
    browser = await signed_in()
    page = _text((await browser.get("/users?q=zzz")).text)
    assert "Nobody matches “zzz”" in page
    assert "Try fewer letters" in page
    assert "Show deleted users who match" not in page


async def test_who_was_deleted_is_offered_where_nobody_else_matches(world: World, signed_in: SignedIn) -> None:
    browser = await signed_in()
    ada = await world.person("ada", email="ada@example.org")
    await User.filter(id=ada.id).update(deleted_at=world.clock())
    region = (await browser.htmx_get("/users?q=ada&role=user")).text
    more = re.search(r'href="([^"]+)"><span>Show deleted users who match', region)
    assert more
    assert ">ada</" in re.sub(r"</?mark>", "", (await browser.get(more.group(1).replace("&amp;", "&"))).text)
    for query in ("q=adam", "q=ada&role=admin", "q=ada&status=locked", "q=is:deleted+zzz"):
        assert "Show deleted users who match" not in (await browser.htmx_get(f"/users?{query}")).text, query
    await world.person("adab")
    assert "Show deleted users who match" not in (await browser.htmx_get("/users?q=ada")).text


async def test_who_was_deleted_is_not_told_by_an_address_beyond_reach(world: World, signed_in: SignedIn) -> None:
    helper = await signed_in("helper", Role.HELPDESK)
    boss = await world.person("boss", email="secret@example.org", role=Role.ADMIN)
    await User.filter(id=boss.id).update(deleted_at=world.clock())
    assert "Show deleted users who match" not in (await helper.htmx_get("/users?q=secret@example.org")).text
    assert "Show deleted users who match" in (await helper.htmx_get("/users?q=boss")).text


@pytest.mark.parametrize(
    "query", ["after=x", "after=3YQ", f"after={'9' * 900}", f"q={'a' * 50_000}", "q=a&q=b", "status=nonsense", "q=%00"]
)
async def test_a_forged_or_monstrous_search_is_refused(world: World, signed_in: SignedIn, query: str) -> None:
    browser = await signed_in()
    assert (await browser.get(f"/users?{query}")).status_code == 422


@pytest.mark.parametrize("needle", ["%", "_", "%25", "\\", "';--", "%ff", "%ed%a0%80", "\N{SNOWMAN}", "a" * 900, "%1f"])
async def test_odd_searches_are_answered(world: World, signed_in: SignedIn, needle: str) -> None:
    browser = await signed_in()
    encoded = needle if needle.startswith("%") and len(needle) > 1 else quote(needle)
    assert (await browser.get(f"/users?q={encoded}")).status_code == 200


async def test_helpdesk_sees_whom_it_cannot_open_and_why(world: World, signed_in: SignedIn) -> None:
    browser = await signed_in("desk", "helpdesk")
    root = await world.person("root", role="admin")
    ada = await world.person("ada")
    page = (await browser.get("/users")).text
    assert f'href="/users/{ada.id}"' in page
    assert f'href="/users/{root.id}"' not in page
    assert "Only administrators can open this." in page
