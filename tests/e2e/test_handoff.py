"""A link and a code, from the administrator's browser to the person's."""

import re

import pytest
from playwright.async_api import expect

from tests.e2e.conftest import Site, Tab, Tabs
from tests.e2e.test_accessibility import violations

pytestmark = pytest.mark.one_engine  # what is looked at is the page; the rest is tested on both elsewhere

PASSWORD = "violet harbour seven lanterns"


async def alice_of(admin: Tab) -> None:
    """Set up, and open the page of a new person without an address."""
    await admin.set_up()
    await admin.go("/users/new")
    await admin.page.get_by_label("Username").fill("alice")
    await admin.page.get_by_role("button", name="Create", exact=True).click()
    await admin.page.wait_for_url(re.compile(r"/users/\d+"))


async def handed_by(admin: Tab) -> tuple[str, str]:
    """The link and the code, made by keyboard."""
    page = admin.page
    await page.get_by_label("How did you make sure that it is them?").focus()
    await page.keyboard.type("Knows the manager")
    await page.keyboard.press("Tab")
    await page.keyboard.type("INC-7")
    await page.keyboard.press("Tab")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("img", name="The link as a QR code")).to_be_visible()
    return await page.locator("#handoff-link").inner_text(), await page.locator(".spoken").inner_text()


async def test_the_whole_way_in_two_browsers(tabs: Tabs, site: Site) -> None:
    admin, alice = await tabs.open(), await tabs.open(width=390)
    await alice_of(admin)
    await admin.mark()
    link, code = await handed_by(admin)
    assert await admin.stayed()
    await expect(admin.page.locator("#make-handoff")).to_be_focused()

    page = alice.page
    await page.goto(link)
    await page.wait_for_url("**/handoffs/new")
    await alice.mark()
    await expect(page.get_by_label("Code")).to_be_focused()
    await page.keyboard.type("0000 0000")
    await page.keyboard.press("Tab")
    await page.keyboard.type("short")
    await page.keyboard.press("Enter")
    # The password first: nothing is said of the code, and no try is spent.
    await expect(page.get_by_label("New password")).to_have_attribute("aria-invalid", "true")
    await expect(page.locator("#code-error")).to_be_empty()
    await page.get_by_label("New password").fill(PASSWORD)
    await page.get_by_role("button", name="Set the password").click()
    await expect(page.locator("#code-error")).to_contain_text("You have 9 more tries.")
    await expect(page.get_by_label("Code")).to_be_focused()
    await expect(page.get_by_label("New password")).to_have_value(PASSWORD)
    assert await alice.stayed()
    assert await violations(page) + await violations(admin.page) == []
    await page.get_by_label("Code").fill(code)
    await page.get_by_role("button", name="Set the password").click()
    await page.wait_for_url("**/sign-in")
    await expect(page.locator("#toasts")).to_contain_text("Your new password is set.")
    await alice.sign_in("alice", PASSWORD)

    await page.goto(link)
    await expect(page.get_by_role("heading", level=1)).to_contain_text("no longer works")
    await admin.page.reload()
    await expect(admin.page.locator("#handoff")).to_contain_text("were used")


async def test_it_is_cancelled_in_place(tabs: Tabs, site: Site) -> None:
    admin, alice = await tabs.open(), await tabs.open()
    await alice_of(admin)
    link, _ = await handed_by(admin)
    await alice.page.goto(link)
    await alice.page.wait_for_url("**/handoffs/new")
    await admin.mark()
    await admin.page.get_by_role("button", name="Cancel link and code").click()
    await expect(admin.page.locator("#toasts")).to_contain_text("no longer work")
    await expect(admin.page.get_by_role("button", name="Make link and code")).to_be_visible()
    assert await admin.stayed()
    await alice.page.reload()
    await expect(alice.page.get_by_role("heading", level=1)).to_contain_text("no longer works")


async def test_the_same_without_javascript(tabs: Tabs, site: Site) -> None:
    admin, alice = await tabs.open(scripts=False), await tabs.open(scripts=False, width=390)
    await alice_of(admin)
    link, code = await handed_by(admin)
    page = alice.page
    await page.goto(link)
    await page.get_by_label("Code").fill("00000000" if code != "0000 0000" else "1")
    await page.get_by_label("New password").fill(PASSWORD)
    await page.get_by_role("button", name="Set the password").click()
    await expect(page.locator("#code-error")).to_contain_text("You have 9 more tries.")
    assert "Type both again." in await page.content()  # in a noscript, which the browser under test never shows
    await expect(page.get_by_label("New password")).to_have_value("")
    await page.get_by_label("Code").fill(code)
    await page.get_by_label("New password").fill(PASSWORD)
    await page.get_by_role("button", name="Set the password").click()
    await page.wait_for_url("**/sign-in")
    await page.get_by_label("Username or mail address").fill("alice")
    await page.get_by_label("Password", exact=True).fill(PASSWORD)
    await page.get_by_role("button", name="Sign in").click()
    await page.wait_for_url("**/account")
