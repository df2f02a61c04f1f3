"""The pages of delivery before axe, in both colour schemes and at both widths, and by keyboard alone."""

from pathlib import Path
from typing import Any, Final

import pytest
from playwright.async_api import Page, expect

from tests.e2e.conftest import PASSWORD, Tab, Tabs
from tests.e2e.test_by_keyboard import tab_to_the
from tests.e2e.test_main_job import NEW_PASSWORD, fill_in_the_mail_server, latest_letter

pytestmark = pytest.mark.one_engine  # what is looked at is markup, colours and the keyboard

AXE: Final = (Path(__file__).parent.parent / "vendor" / "axe.min.js").read_text("utf-8")
RULES: Final = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
PATHS: Final = (
    *("/", "/mail-log", "/mail-log?q=alice", "/mail-log?q=nobody", "/mail-log/requests", "/mail-log/1", "/mail-log/2"),
    *("/letters", "/webhook", "/mail-server/fallback", "/users", "/users/2", "/users/3", "/audit"),
)


async def violations(page: Page) -> list[Any]:
    """What axe finds wrong with the page, with everything unfolded and nothing still fading in.

    Frames are left out: letters are shown in one where no script may run, axe's neither.
    """
    await page.emulate_media(reduced_motion="reduce")
    await page.evaluate("Promise.all(document.getAnimations().map(each => each.finished.catch(() => null)))")
    await page.evaluate("document.querySelectorAll('details').forEach(each => each.open = true)")
    await page.evaluate(AXE)
    script = """rules => axe.run(document, {runOnly: rules, iframes: false}).then(
        found => found.violations.map(each => [location.pathname, each.id, each.nodes.map(node => node.html)]))"""
    found: list[Any] = await page.evaluate(script, RULES)
    return found


async def fill_the_log(admin: Tab) -> None:
    """Two people, one invited and one with a reset link; somebody unknown asks for a link; alerts go nowhere."""
    page = admin.page
    for name in ("alice", "bob"):
        await admin.go("/users/new")
        await page.get_by_label("Username").fill(name)
        await page.get_by_label("Mail address").fill(f"{name}@example.org")
        if name == "bob":
            await page.locator("#password").fill(PASSWORD)
        await page.get_by_role("button", name="Create", exact=True).click()
        await page.wait_for_url("**/users/*")
        await page.locator("#send-link").click()
        await expect(page.locator("#toasts")).to_contain_text("on its way")
    await admin.go("/password-reset")
    await page.get_by_label("Username or mail address").fill("nobody")
    await page.get_by_role("button", name="Send the link").click()
    await page.wait_for_url("**/sent")
    await admin.go("/webhook")
    await page.get_by_label("Address of the webhook").fill("http://127.0.0.1:2525/hook")
    await page.get_by_role("button", name="Save").click()
    await expect(page.locator("#toasts")).to_contain_text("Saved")


@pytest.mark.parametrize(("width", "dark"), [(1280, False), (390, True)])
async def test_the_pages_of_delivery_can_be_used_by_everybody(tabs: Tabs, width: int, dark: bool) -> None:
    admin = await tabs.open(width=width, dark=dark)
    await admin.set_up()
    await fill_in_the_mail_server(admin)
    await admin.save()
    await fill_the_log(admin)
    found = []
    for path in PATHS:
        await admin.go(path)
        found += await violations(admin.page)
    alice = await tabs.open(width=width, dark=dark)
    await latest_letter(alice, "Your account at")
    link = await alice.page.locator(".letter-text a").first.get_attribute("href")
    assert link
    await alice.page.goto(link)
    found += await violations(alice.page)
    await alice.page.get_by_label("Password", exact=True).fill(NEW_PASSWORD)
    await alice.page.get_by_role("button", name="Set the password").click()
    await alice.page.wait_for_url("**/sign-in")
    await latest_letter(alice, "was changed")
    await alice.page.goto(str(await alice.page.locator(".letter-text a[href*='/not-me/']").get_attribute("href")))
    found += await violations(alice.page)
    await alice.page.get_by_role("button", name="Freeze the account").click()
    await expect(alice.page.get_by_role("heading", level=1)).to_have_text("The account is frozen")
    found += await violations(alice.page)
    assert found == []


async def test_a_letter_is_found_and_sent_again_by_keyboard_alone(tabs: Tabs) -> None:
    admin = await tabs.open()
    page = admin.page
    await admin.set_up()
    await fill_in_the_mail_server(admin)
    await admin.save()
    await fill_the_log(admin)
    await admin.go("/mail-log")
    await page.keyboard.press("/")
    await expect(page.locator("#q")).to_be_focused()
    await page.keyboard.type("bob", delay=30)
    await expect(page.locator("#q")).to_have_value("bob")
    await expect(page.locator("#mail-log-count")).to_have_text("1 letter")
    await tab_to_the(page.locator("#mail-log-table a").first)
    await page.keyboard.press("Enter")
    await page.wait_for_url("**/mail-log/*")
    await tab_to_the(page.locator("#resend"))
    await page.keyboard.press("Enter")
    await expect(page.locator("#toasts")).to_contain_text("on its way")
