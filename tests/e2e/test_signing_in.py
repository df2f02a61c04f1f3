"""Signing in, being asked for the password again in place, and signing out, in a browser."""

from datetime import UTC, datetime

import pytest
from playwright.async_api import expect

from tests.e2e.conftest import PASSWORD, Site, Tab, Tabs
from tests.e2e.test_accessibility import violations
from webapp.db.connect import Database, connected
from webapp.mail_server.models import Revision
from webapp.sessions.models import Session

pytestmark = pytest.mark.one_engine  # what is looked at is the page; tests/sessions has the rest on both

LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
SECRET = "the secret of the mail server"


async def type_settings(tab: Tab) -> None:
    """Fill in the mail server with a password of its own."""
    page = tab.page
    await page.get_by_label("Host").fill("127.0.0.1")
    await page.get_by_role("textbox", name="Port").fill(str(tab.site.mailbox_port))
    await page.get_by_role("radio", name="None usually port 25").check()
    await page.get_by_role("radio", name="Password or an").check()
    await page.get_by_label("Username").fill("robot")
    await page.locator("#password").fill(SECRET)
    await page.get_by_label("Sender's address").fill("postern@example.org")
    await page.get_by_label("Sender's name").fill("Kept as typed")


async def grow_old(database: Database) -> None:
    """Have everybody's password typed long ago."""
    async with connected(database):
        await Session.all().update(re_authenticated_at=LONG_AGO)


async def end_sessions(database: Database) -> None:
    """End every session."""
    async with connected(database):
        await Session.all().delete()


async def saved(database: Database) -> list[tuple[str, str, bool]]:
    """Host, sender's name and whether a password is stored, of each revision."""
    async with connected(database):
        return [(each.host, each.sender_name, bool(each.sealed_password)) for each in await Revision.all()]


async def test_save_asks_for_the_password_in_a_dialog_and_nothing_is_lost(
    tabs: Tabs, site: Site, database: Database
) -> None:
    tab = await tabs.open()
    page = tab.page
    await tab.set_up()
    await type_settings(tab)
    await tab.mark()
    await grow_old(database)
    await page.get_by_role("button", name="Save", exact=True).click()
    dialog = page.get_by_role("dialog", name="Confirm that it is you")
    await expect(dialog.get_by_label("Your password")).to_be_focused()
    assert await saved(database) == []
    await page.keyboard.press("Escape")
    await expect(dialog).to_have_count(0)
    await expect(page.get_by_label("Sender's name")).to_have_value("Kept as typed")
    await page.get_by_label("Sender's name").press("Enter")
    await expect(dialog.get_by_label("Your password")).to_be_focused()
    await page.keyboard.type("not my password")
    await page.keyboard.press("Enter")
    await expect(dialog).to_contain_text("This is not your password.")
    await expect(dialog.get_by_label("Your password")).to_be_focused()
    await page.keyboard.type(PASSWORD)
    await page.keyboard.press("Enter")
    await expect(page.locator("#toasts")).to_contain_text("Saved.")
    await expect(dialog).to_have_count(0)
    assert await tab.stayed()
    assert await saved(database) == [("127.0.0.1", "Kept as typed", True)]


async def test_cancelling_sends_nothing_later(tabs: Tabs, site: Site, database: Database) -> None:
    tab = await tabs.open()
    page = tab.page
    await tab.set_up()
    await type_settings(tab)
    await grow_old(database)
    await page.get_by_role("button", name="Save", exact=True).click()
    dialog = page.get_by_role("dialog")
    await dialog.get_by_role("button", name="Cancel").click()
    await expect(dialog).to_have_count(0)
    await expect(page.get_by_role("button", name="Save", exact=True).last).to_be_focused()
    await page.get_by_role("button", name="Test Mail Server").click()
    await dialog.get_by_label("Your password").fill(PASSWORD)
    await dialog.get_by_role("button", name="Confirm").click()
    await expect(page.locator("#ladder .rung.ok").first).to_be_visible()
    assert await saved(database) == []


async def test_a_session_that_ended_is_begun_again_above_the_page(tabs: Tabs, site: Site, database: Database) -> None:
    tab = await tabs.open(width=390)
    page = tab.page
    await tab.set_up()
    await type_settings(tab)
    await tab.mark()
    await end_sessions(database)
    await page.get_by_role("button", name="Save", exact=True).click()
    dialog = page.get_by_role("dialog", name="Your session has ended")
    await expect(dialog.get_by_label("Username or mail address")).to_have_value("root")
    await expect(dialog.get_by_label("Username or mail address")).not_to_be_editable()
    await page.keyboard.type("not my password")
    await page.keyboard.press("Enter")
    await expect(dialog).to_contain_text("Username or password is not right.")
    await page.keyboard.type(PASSWORD)
    await page.keyboard.press("Enter")
    await expect(page.locator("#toasts")).to_contain_text("Saved.")
    assert await tab.stayed()
    assert await saved(database) == [("127.0.0.1", "Kept as typed", True)]


@pytest.mark.parametrize("ended", [False, True])
async def test_without_javascript_a_page_carries_it_forward(
    tabs: Tabs, site: Site, database: Database, ended: bool
) -> None:
    tab = await tabs.open(scripts=False)
    page = tab.page
    await tab.set_up()
    await type_settings(tab)
    await (end_sessions if ended else grow_old)(database)
    await page.get_by_role("button", name="Save", exact=True).click()
    if ended:
        await page.get_by_label("Username or mail address").fill("root")
    await page.get_by_label("Your password").fill(PASSWORD)
    await page.get_by_role("button", name="Sign in" if ended else "Confirm").click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("Confirmed")
    assert SECRET not in await page.content()
    await page.get_by_label("Password").fill(SECRET)
    await page.get_by_role("button", name="Go on").click()
    await page.wait_for_url("**/mail-server")
    await expect(page.get_by_label("Sender's name")).to_have_value("Kept as typed")
    assert await saved(database) == [("127.0.0.1", "Kept as typed", True)]


async def test_after_signing_out_back_shows_nothing(tabs: Tabs, site: Site) -> None:
    tab = await tabs.open()
    page = tab.page
    await tab.set_up()
    await tab.go("/users")
    await tab.go("/account")
    await page.get_by_role("button", name="Sign out", exact=True).first.click()
    await page.wait_for_url("**/sign-in")
    for _ in range(2):
        await page.go_back()
        await page.wait_for_url("**/sign-in**")
        await expect(page.get_by_role("heading", level=1)).to_have_text("Sign in")
        assert "root@example.org" not in await page.content()


async def test_signing_out_everywhere_ends_the_other_browser(tabs: Tabs, site: Site) -> None:
    here, there = await tabs.open(), await tabs.open()
    await here.set_up()
    await there.sign_in("root", PASSWORD)
    await here.go("/account")
    await here.page.get_by_role("button", name="Sign out everywhere").click()
    await here.page.wait_for_url("**/sign-in")
    await expect(here.page.locator("#toasts")).to_contain_text("You are signed out everywhere.")
    await there.go("/users")
    await there.page.wait_for_url("**/sign-in**")


@pytest.mark.parametrize(("width", "dark"), [(1280, False), (390, True)])
async def test_signing_in_can_be_used_by_everybody(
    tabs: Tabs, site: Site, database: Database, width: int, dark: bool
) -> None:
    tab = await tabs.open(width=width, dark=dark)
    page = tab.page
    await tab.go("/sign-in")
    assert await violations(page) == []
    for _ in range(11):
        await page.get_by_label("Username or mail address").fill("nobody")
        await page.get_by_label("Password", exact=True).fill("wrong")
        # What an earlier try was told is still there: one that is sent before the answer would take its place.
        async with page.expect_response(lambda answer: answer.request.method == "POST") as answered:
            await page.get_by_label("Password", exact=True).press("Enter")
        await (await answered.value).finished()
        await expect(page.locator("#sign-in-error")).to_be_visible()
    await expect(page.locator("#sign-in-error")).to_contain_text("Please wait")
    assert await violations(page) == []
    await tab.set_up()
    await type_settings(tab)
    await grow_old(database)
    await page.get_by_role("button", name="Save", exact=True).click()
    await expect(page.get_by_role("dialog").get_by_label("Your password")).to_be_focused()
    assert await violations(page) == []
