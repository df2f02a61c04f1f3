"""Filling in the mail server's form in a browser: what was typed stays, secrets included, and nothing is saved."""

import pytest
from playwright.async_api import expect

from tests.e2e.conftest import Tabs

pytestmark = pytest.mark.one_engine  # what is looked at is the form; tests/mail_server has the rest on both

SECRET = "typed before the provider was chosen"


async def test_choosing_a_provider_keeps_a_typed_password(tabs: Tabs) -> None:
    tab = await tabs.open()
    page = tab.page
    await tab.set_up()
    await tab.mark()
    await page.get_by_label("Password", exact=True).fill(SECRET)
    await page.get_by_label("Sender's name").fill("Typed")
    await page.get_by_label("Provider").select_option("163")
    await page.get_by_role("button", name="Fill in").click()
    await expect(page.locator("#password-rule")).to_contain_text("authorization code")
    await expect(page.get_by_label("Host")).to_have_value("smtp.163.com")
    await expect(page.get_by_label("Password", exact=True)).to_have_value(SECRET)
    await expect(page.get_by_label("Sender's name")).to_have_value("Typed")
    await expect(page.get_by_text("Nothing is saved yet", exact=True)).to_be_visible()
    assert await tab.stayed()


async def test_what_a_search_finds_is_shown_and_enter_still_saves(tabs: Tabs) -> None:
    tab = await tabs.open()
    page = tab.page
    await tab.set_up()
    await tab.mark()
    await page.get_by_label("Host").fill("127.0.0.1")
    await page.get_by_role("button", name="Find working settings").click()
    await expect(page.locator("#search-verdict")).to_contain_text("Nothing was found that works.")
    await expect(page.locator("#search-ladder > li")).to_have_count(4)
    await page.get_by_label("Sender's address").fill("me@qq.com")
    await page.get_by_label("Host").fill("")
    await page.get_by_label("Host").press("Enter")
    # The proposal comes once the address is left, before the refused save brings the whole form anew.
    await expect(page.get_by_label("Host")).to_have_attribute("aria-invalid", "true")
    await expect(page.locator("#provider-proposal")).to_contain_text("This looks like QQ Mail")
    await page.get_by_role("button", name="Use these").click()
    await expect(page.get_by_label("Host")).to_have_value("smtp.qq.com")
    assert await tab.stayed()


async def test_without_javascript_a_provider_is_filled_in_too(tabs: Tabs) -> None:
    tab = await tabs.open(scripts=False)
    page = tab.page
    await tab.set_up()
    await page.get_by_label("Sender's name").fill("Typed")
    await page.get_by_label("Provider").select_option("sendgrid")
    await page.get_by_role("button", name="Fill in").click()
    await expect(page.get_by_label("Host")).to_have_value("smtp.sendgrid.net")
    await expect(page.get_by_label("Username")).to_have_value("apikey")
    await expect(page.get_by_label("Sender's name")).to_have_value("Typed")
