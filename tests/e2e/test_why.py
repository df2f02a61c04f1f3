"""From what a caller says to a person who gets in again, by keyboard alone; and the same without JavaScript."""

import re

import pytest
from playwright.async_api import expect

from tests.e2e.conftest import Tab, Tabs
from tests.e2e.test_accessibility import violations
from tests.e2e.test_by_keyboard import tab_to_the

pytestmark = pytest.mark.one_engine  # what is looked at is the page; the rest is tested on both elsewhere


async def _anna_without_address(admin: Tab) -> None:
    await admin.set_up()
    await admin.go("/users/new")
    await admin.page.get_by_label("Username").fill("anna.meyer")
    await admin.page.get_by_role("button", name="Create", exact=True).click()
    await admin.page.wait_for_url(re.compile(r"/users/\d+"))


async def test_a_caller_is_found_and_helped_by_keyboard_alone(tabs: Tabs) -> None:
    admin = await tabs.open()
    page = admin.page
    await _anna_without_address(admin)
    await admin.go("/users/why")
    await expect(page.get_by_label("Username or mail address")).to_be_focused()
    await page.keyboard.type("anna.meyre")
    found = page.get_by_role("link", name="anna.meyer")
    await expect(found).to_be_visible()
    await expect(page.locator("#why-results")).to_contain_text("two letters are swapped: anna.meyer")
    assert not await violations(page)
    await tab_to_the(page.locator("#why-results a"))
    await page.keyboard.press("Enter")
    await page.wait_for_url(re.compile(r"/users/\d+$"))
    await expect(page.locator("#why")).to_contain_text("there is no password, and no address for a link")

    await admin.mark()
    await tab_to_the(page.locator("#mend-email"))
    await page.keyboard.type("nonsense")
    await page.keyboard.press("Enter")
    await expect(page.locator("#mend-email")).to_have_attribute("aria-invalid", "true")
    await expect(page.locator("#mend-email")).to_be_focused()
    await page.keyboard.press("Control+A")
    await page.keyboard.type("anna@example.org")
    await page.keyboard.press("Enter")
    await expect(page.locator("#why")).to_contain_text("no mail server is set up")
    await expect(page.locator("#access")).to_contain_text("anna@example.org")
    await expect(page.locator("#email")).to_have_value("anna@example.org")
    await expect(page.locator("#happenings")).to_contain_text("Name, address or role was corrected")
    assert await admin.stayed()
    await page.locator("#summary details summary").focus()
    await page.keyboard.press("Enter")
    await expect(page.locator(".checks")).to_be_visible()
    await expect(page.locator(".checks")).to_contain_text("There is an address: anna@example.org")
    assert not await violations(page)


async def test_deleting_is_confirmed_by_keyboard_and_undone(tabs: Tabs) -> None:
    admin = await tabs.open()
    page = admin.page
    await _anna_without_address(admin)
    # Whatever was changed on the page itself is no change by somebody else.
    await page.get_by_label("Name", exact=False).last.fill("Anna Meyer")
    await page.get_by_role("button", name="Save", exact=True).click()
    await expect(page.locator("#summary")).to_contain_text("Anna Meyer cannot get in")
    await page.locator("#deletion summary").focus()
    await page.keyboard.press("Enter")
    await expect(page.locator("#confirm-username")).to_be_visible()
    await tab_to_the(page.locator("#confirm-username"))
    await page.keyboard.type("anna")
    await page.keyboard.press("Enter")
    await expect(page.locator("#confirm-username")).to_have_attribute("aria-invalid", "true")
    await page.keyboard.press("End")
    await page.keyboard.type(".meyer")
    await page.keyboard.press("Enter")
    await expect(page.locator("#why")).to_contain_text("the account is deleted")
    assert not await violations(page)
    await tab_to_the(page.locator("#mend"))
    await page.keyboard.press("Enter")
    await expect(page.locator("#why")).to_contain_text("there is no password, and no address")


@pytest.mark.parametrize("dark", [False, True])
async def test_everything_works_without_javascript(tabs: Tabs, dark: bool) -> None:
    admin = await tabs.open(scripts=False, width=390, dark=dark)
    page = admin.page
    await _anna_without_address(admin)
    await admin.go("/users/why")
    await page.get_by_label("Username or mail address").fill("anna.meyr")
    await page.get_by_role("button", name="Look").click()
    await page.get_by_role("link", name="anna.meyer").click()
    await page.locator("#mend-email").fill("nonsense")
    await page.get_by_role("button", name="Add the address").click()
    await expect(page.locator("#mend-email")).to_have_attribute("aria-invalid", "true")
    await page.locator("#mend-email").fill("anna@example.org")
    await page.get_by_role("button", name="Add the address").click()
    await expect(page.locator("#why")).to_contain_text("no mail server is set up")
    await page.get_by_text("Delete this account").click()
    await page.locator("#confirm-username").fill("anna.meyer")
    await page.get_by_role("button", name="Delete account").click()
    await expect(page.locator("#why")).to_contain_text("the account is deleted")
    await page.locator("#mend").click()
    await expect(page.locator("#why")).to_contain_text("no mail server is set up")
