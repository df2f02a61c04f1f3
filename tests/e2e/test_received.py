"""The letter's way to its reader: the open page learns that it arrived, and that a sample was accepted."""

import re

import pytest
from playwright.async_api import expect

from tests.e2e.conftest import Site, Tabs
from tests.e2e.test_main_job import fill_in_the_mail_server, latest_letter

pytestmark = pytest.mark.one_engine  # what is looked at is the page; tests/mail_server has the rest on both

LINK = re.compile(r"http://localhost:\d+/received/[\w.-]+")


async def test_the_open_page_learns_that_the_letter_arrived(tabs: Tabs, site: Site) -> None:
    tab, reader = await tabs.open(), await tabs.open(width=390)
    await tab.set_up()
    await fill_in_the_mail_server(tab)
    await tab.save()
    await tab.page.get_by_role("button", name="Test Mail Server").click()
    receipt = tab.page.locator("#receipt")
    await expect(receipt).to_contain_text("Received?")
    await tab.page.get_by_label("Sender's name").fill("Not saved yet")
    await tab.mark()
    await latest_letter(reader, "Test from")
    link = LINK.search(await reader.page.content())
    assert link
    await reader.page.goto(link[0])
    await expect(receipt).to_contain_text("perhaps by a program")
    await reader.page.get_by_role("button", name="I received it").click()
    await expect(reader.page.get_by_role("heading", level=1)).to_have_text("Thank you")
    await expect(receipt).to_contain_text("Received after")
    assert await tab.stayed()
    await expect(tab.page.get_by_label("Sender's name")).to_have_value("Not saved yet")


async def test_a_sample_is_followed_to_the_mail_server(tabs: Tabs, site: Site) -> None:
    tab = await tabs.open()
    await tab.set_up()
    await fill_in_the_mail_server(tab)
    await tab.save()
    await tab.mark()
    await tab.page.get_by_text("A sample reset letter", exact=True).click()
    await tab.page.get_by_role("button", name="Send a sample reset letter").click()
    await expect(tab.page.locator("#sample")).to_contain_text("Accepted by 127.0.0.1")
    assert await tab.stayed()
    await latest_letter(tab, "Sample")


async def test_only_the_fields_of_the_chosen_sign_in_are_shown(tabs: Tabs, site: Site) -> None:
    tab = await tabs.open()
    await tab.set_up()
    page = tab.page
    await page.locator("input[name=auth][value=xoauth2]").check()
    await expect(page.get_by_label("Token URL")).to_be_visible()
    await expect(page.get_by_label("Password", exact=True)).to_be_hidden()
    await expect(page.get_by_label("Refresh token", exact=True)).to_be_hidden()
    await page.locator("input[name=oauth_grant][value=refresh_token]").check()
    await expect(page.get_by_label("Refresh token", exact=True)).to_be_visible()
    await page.locator("input[name=auth][value=password]").check()
    await expect(page.get_by_label("Token URL")).to_be_hidden()
    await expect(page.get_by_label("Password", exact=True)).to_be_visible()
