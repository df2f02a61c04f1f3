"""Several people at once, by the keyboard alone and without JavaScript."""

import re

import pytest
from playwright.async_api import expect

from tests.e2e.conftest import Tabs
from tests.e2e.test_by_keyboard import tab_to

pytestmark = pytest.mark.one_engine  # what is looked at is the page; tests/people has the rest on both


async def test_lines_are_corrected_and_passwords_taken_along_by_keyboard(tabs: Tabs) -> None:
    tab = await tabs.open()
    page, keys = tab.page, tab.page.keyboard
    await tab.set_up()
    await tab.go("/users/new")
    await tab_to(tab, "link", "Create several at once")
    await keys.press("Enter")
    await page.wait_for_url("**/users/new/several")
    await tab.mark()
    await tab_to(tab, "textbox", "People")
    await keys.type("ada, ada@example.org, Ada\nbob the builder")
    await tab_to(tab, "radio", "By an invitation")
    await keys.press("ArrowRight")
    await tab_to(tab, "button", "Create all")
    await keys.press("Enter")
    await expect(page.locator("#wrong-lines li")).to_have_count(1)
    await expect(page.get_by_role("textbox", name="People")).to_be_focused()
    await keys.press("Control+End")
    for _ in " the builder":
        await keys.press("Backspace")
    await tab_to(tab, "button", "Create all")
    await keys.press("Enter")
    await expect(page.get_by_role("cell", name=re.compile(r"^\w{4}(-\w{4}){4}"))).to_have_count(2)
    await expect(page.locator("#create")).to_be_focused()
    await expect(page.get_by_role("button", name="Print")).to_be_visible()
    assert await tab.stayed()


async def test_it_works_without_javascript(tabs: Tabs) -> None:
    tab = await tabs.open(scripts=False)
    page = tab.page
    await tab.set_up()
    await tab.go("/users/new/several")
    await page.get_by_label("People").fill("ada, ada@example.org\nb b")
    await page.get_by_role("button", name="Create all").click()
    await expect(page.locator("#wrong-lines")).to_contain_text("without spaces")
    await page.get_by_label("People").fill("ada, ada@example.org\nbob, bob@example.org")
    await page.get_by_role("button", name="Create all").click()
    await page.wait_for_url("**/users?sort=-created")
    await expect(page.locator("#toasts")).to_contain_text("New users: 2.")
