"""The list of people, a file of them and a change for many: by the keyboard alone, and without JavaScript."""

import json
import re
from datetime import UTC, datetime
from pathlib import Path

import pytest
from playwright.async_api import Locator, Page, expect

from tests.e2e.conftest import Site, Tab, Tabs
from tests.e2e.test_accessibility import violations
from tests.e2e.test_by_keyboard import tab_to
from webapp.audit.record import Actor
from webapp.db.connect import connected, transaction
from webapp.users.create_many import Newcomer, create_many
from webapp.users.search import PAGE_SIZE

pytestmark = pytest.mark.one_engine  # what is looked at is the page; tests/people and tests/users have the rest on both

MANY = 2 * PAGE_SIZE + 5


async def _people(site: Site, count: int) -> None:
    async with connected(site.database), transaction():
        newcomers = [Newcomer(f"person{number:03}", f"person{number:03}@example.org") for number in range(count)]
        await create_many(newcomers, actor=Actor("tests"), now=datetime.now(UTC))


async def _entered(tabs: Tabs, **how: object) -> Tab:
    tab = await tabs.open(**how)  # type: ignore[arg-type]  # as Tabs.open has them
    await tab.set_up()
    return tab


def _names(page: Page) -> Locator:
    return page.locator("#people tbody th[scope=row] a")


async def _focused(page: Page) -> str:
    return str(await page.evaluate("document.activeElement.textContent.trim()"))


async def test_somebody_is_found_opened_and_come_back_to_by_keyboard_alone(tabs: Tabs, site: Site) -> None:
    await _people(site, MANY)
    tab = await _entered(tabs)
    page, keys = tab.page, tab.page.keyboard
    await tab.go("/users")
    await tab.mark()
    await keys.press("/")
    search = page.get_by_role("searchbox")
    await expect(search).to_be_focused()
    await keys.type("PERSON")
    await expect(page.locator("#people-count")).to_have_text(f"{MANY} users")
    assert await tab.stayed()
    assert "q=PERSON" in page.url
    await expect(search).to_be_focused()
    for _ in range(3):
        await keys.press("ArrowDown")
    assert await _focused(page) == "person002"
    await keys.press("ArrowUp")
    assert await _focused(page) == "person001"
    # What is below the edge comes as one goes there.
    for _ in range(PAGE_SIZE + 3):
        await keys.press("ArrowDown")
        await page.wait_for_function("document.activeElement.matches('th a')")
    await expect(page.get_by_role("link", name=f"person{PAGE_SIZE + 1:03}", exact=True)).to_be_visible()
    reached = await _focused(page)
    await keys.press("Enter")
    await page.wait_for_url(re.compile(r"/users/\d+$"))
    await expect(page.get_by_role("heading", level=1)).to_contain_text(reached)
    await page.go_back()
    await expect(search).to_have_value("PERSON")
    await page.wait_for_function("name => document.activeElement.textContent.trim() === name", arg=reached)
    await keys.press("Escape")
    await expect(search).to_be_focused()
    await keys.press("Escape")
    await expect(search).to_have_value("")
    await expect(page.locator("#people-count")).to_have_text(f"{MANY + 1} users")


async def test_sorting_and_dropping_a_filter_keep_the_keyboard_where_it_was(tabs: Tabs, site: Site) -> None:
    await _people(site, 3)
    tab = await _entered(tabs)
    page, keys = tab.page, tab.page.keyboard
    await tab.go("/users?status=active")
    for order in ("ascending", "descending"):
        await page.locator("#sort-name").focus()
        await keys.press("Enter")
        await expect(page.locator("#people th[aria-sort]").first).to_have_attribute("aria-sort", order)
        await expect(page.locator("#sort-name")).to_be_focused()
    await page.get_by_role("link", name="Active (show without)").focus()
    await keys.press("Enter")
    await page.wait_for_url(re.compile(r"/users\?sort=-name$"))
    await expect(page.get_by_role("searchbox")).to_be_focused()
    await tab.go("/users")
    await expect(page.get_by_role("searchbox")).not_to_be_focused()


async def test_the_click_that_leaves_the_search_opens_whom_it_meets(tabs: Tabs, site: Site) -> None:
    await _people(site, 3)
    tab = await _entered(tabs)
    page = tab.page
    await tab.go("/users")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    await page.get_by_role("searchbox").press_sequentially("person001")
    await expect(_names(page)).to_have_text(["person001"])
    before = len(asked)
    await page.get_by_role("link", name="person001").click()
    await page.wait_for_url(re.compile(r"/users/\d+$"))
    assert not [url for url in asked[before:] if "q=" in url]


@pytest.mark.parametrize("dark", [False, True])
async def test_the_pages_are_accessible_where_there_is_little_room(tabs: Tabs, site: Site, dark: bool) -> None:
    await _people(site, 3)
    tab = await _entered(tabs, width=390, dark=dark)
    for path in ("/users", "/users?q=person&status=active", "/users?q=zzz", "/users/imports", "/users/exports"):
        await tab.go(path)
        assert not await violations(tab.page), path
        wide = await tab.page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth")
        assert not wide, f"{path} is wider than the screen"
    await tab.go("/users/bulk?action=disable")
    assert not await violations(tab.page)


def _file(folder: Path) -> Path:
    lines = [{"username": "ada", "email": "ada@example.org"}, {"username": "b b"}, {"username": "bob"}]
    path = folder / "people.jsonl"
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return path


async def test_a_file_is_looked_at_and_taken_over_by_keyboard_alone(tabs: Tabs, tmp_path: Path) -> None:
    tab = await _entered(tabs)
    page, keys = tab.page, tab.page.keyboard
    await tab.go("/users/imports")
    await tab_to(tab, "button", "Look at the file")
    await keys.press("Enter")
    await expect(page.locator("#file-error")).to_have_text("Please choose a file.")
    await expect(page.locator("#file")).to_be_focused()
    # The dialog for files is the browser's own.
    await page.locator("#file").set_input_files(_file(tmp_path))
    await tab_to(tab, "button", "Look at the file")
    await keys.press("Enter")
    await page.wait_for_url(re.compile(r"/users/jobs/\d+$"))
    await tab.mark()
    await expect(page.locator("#job")).to_contain_text("Nothing is changed yet. The file has 3 rows.")
    assert not await violations(page)
    await tab_to(tab, "button", "Take over 2 rows")
    await keys.press("Enter")
    await expect(page.locator("#job")).to_contain_text("Done")
    assert await tab.stayed()
    await tab_to(tab, "link", "Users")
    await keys.press("Enter")
    await expect(_names(page)).to_have_text(["ada", "bob", "root"])


async def test_those_that_are_ticked_are_disabled_by_keyboard_alone(tabs: Tabs, site: Site) -> None:
    await _people(site, 3)
    tab = await _entered(tabs)
    page, keys = tab.page, tab.page.keyboard
    await tab.go("/users?sort=name")
    for name in ("person000", "person002"):
        await page.get_by_role("checkbox", name=f"Choose {name}").focus()
        await keys.press("Space")
    await page.get_by_text("Change many at once").focus()
    await keys.press("Enter")
    await tab_to(tab, "button", "Go on")
    await keys.press("Enter")
    await page.wait_for_url("**/users/bulk?*")
    await expect(page.locator("#bulk")).to_contain_text("It will be done to 2 users.")
    await tab_to(tab, "button", "Disable")
    await keys.press("Enter")
    await page.wait_for_url(re.compile(r"/users/jobs/\d+$"))
    await expect(page.locator("#job")).to_contain_text("2 of 2 rows")
    await tab.go("/users?status=disabled&sort=name")
    await expect(_names(page)).to_have_text(["person000", "person002"])


async def test_it_all_works_without_javascript(tabs: Tabs, site: Site, tmp_path: Path) -> None:
    await _people(site, MANY)
    tab = await _entered(tabs, scripts=False)
    page = tab.page
    await tab.go("/users")
    await page.get_by_role("searchbox").fill("person")
    await page.get_by_role("button", name="Search").click()
    await expect(page.locator("#people-count")).to_have_text(f"{MANY} users")
    await page.get_by_role("link", name="Show more").click()
    await expect(_names(page)).to_have_count(PAGE_SIZE)
    await page.get_by_role("link", name="Back to the beginning of the list").click()
    await tab.go("/users/imports")
    await page.locator("#file").set_input_files(_file(tmp_path))
    await page.get_by_role("button", name="Look at the file").click()
    await _looked_again(page, "Take over 2 rows")
    await page.get_by_role("button", name="Take over 2 rows").click()
    await _looked_again(page, "Download the report")
    await tab.go("/users?q=ada")
    await page.get_by_text("Change many at once").click()
    await page.get_by_role("button", name="Go on").click()
    await page.get_by_role("button", name="Disable").click()
    await _looked_again(page, "Download the report")
    await tab.go("/users?status=disabled")
    await expect(_names(page)).to_have_text(["ada"])


async def _looked_again(page: Page, until: str) -> None:
    """Look at a job again, as the page offers, until it says this."""
    for _ in range(60):
        if await page.get_by_text(until).count():
            return
        await page.get_by_role("link", name="Look again").click()
        await page.wait_for_timeout(250)
    raise AssertionError(await page.locator("#job").inner_text())
