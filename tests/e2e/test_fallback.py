"""The fallback server, in a browser: set up, tested, at work while the first is away, and removed."""

import re

import pytest
from playwright.async_api import expect

from tests.e2e.conftest import Site, Tab, Tabs
from tests.e2e.test_main_job import fill_in_the_mail_server, latest_letter

pytestmark = pytest.mark.one_engine  # what is looked at is the page; the rest is tested on both elsewhere


async def set_up_a_dead_server(tab: Tab) -> None:
    """Save a first mail server at which nobody answers."""
    await fill_in_the_mail_server(tab)
    await tab.page.get_by_role("textbox", name="Port").fill("25")
    await tab.save()


async def test_it_is_set_up_takes_over_and_is_removed(tabs: Tabs, site: Site) -> None:
    tab = await tabs.open()
    page = tab.page
    await tab.set_up()
    await set_up_a_dead_server(tab)
    await page.get_by_role("link", name="Fallback server").click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("Fallback server")
    await expect(page.locator("#first")).to_contain_text("There is no fallback server")
    await tab.mark()
    await fill_in_the_mail_server(tab)
    await page.get_by_label("Sender's address").fill("second@example.org")
    await tab.save()
    await page.get_by_role("button", name="Test Mail Server").click()
    await expect(page.locator("#ladder .rung")).to_have_count(9)
    await expect(page.locator("#toasts")).to_contain_text("sent")
    await expect(page.locator("#verdict")).to_contain_text("Ready, and the last test passed")
    assert await tab.stayed()
    await tab.go("/mail-server")
    await page.get_by_text("A sample reset letter", exact=True).click()
    await page.get_by_label("Send the sample to").fill("inbox@example.org")
    await page.get_by_role("button", name="Send a sample").click()
    await expect(page.locator("#sample")).to_contain_text("Accepted by", timeout=15_000)
    await tab.go("/users")
    await expect(page.locator("#banner")).to_contain_text("The fallback server has taken the letters since")
    await latest_letter(tab, "password")
    await expect(page.locator("main")).to_contain_text("second@example.org")
    await tab.go("/mail-server/fallback")
    await page.get_by_role("link", name="Remove the fallback server").click()
    await page.get_by_role("button", name="Remove it").click()
    await expect(page.locator("#toasts")).to_contain_text("The fallback server is removed.")
    await expect(page.locator("#first")).to_contain_text("There is no fallback server")
    await page.get_by_role("link", name="Earlier settings").click()
    await expect(page.locator("#revisions")).to_contain_text("The fallback server was removed.")


async def test_it_works_without_javascript_and_on_a_telephone(tabs: Tabs, site: Site) -> None:
    tab = await tabs.open(width=390, scripts=False)
    page = tab.page
    await tab.set_up()
    await tab.go("/mail-server/fallback")
    await fill_in_the_mail_server(tab)
    await page.get_by_role("button", name="Save", exact=True).click()
    await expect(page.locator("#toasts")).to_contain_text(re.compile("saved", re.IGNORECASE))
    await expect(page).to_have_url(f"{site.url}/mail-server/fallback")
    await page.get_by_label("Send the test letter to").fill("root@example.org")
    await page.get_by_role("button", name="Test Mail Server").click()
    await expect(page.locator("#ladder .rung")).to_have_count(9)
    await page.get_by_role("link", name="Remove the fallback server").click()
    await page.get_by_role("button", name="Remove it").click()
    await expect(page.locator("#toasts")).to_contain_text("The fallback server is removed.")
