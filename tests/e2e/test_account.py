"""One's own account in a real browser: another address from start to end, and browsers that are signed out."""

import re

import pytest
from playwright.async_api import expect

from tests.e2e.conftest import PASSWORD, Tab, Tabs
from tests.e2e.test_main_job import fill_in_the_mail_server, latest_letter

pytestmark = pytest.mark.one_engine  # what is looked at is the page; the rest is tested on both elsewhere

NEW = "root@elsewhere.example"


async def set_up(tabs: Tabs) -> Tab:
    """An administrator, and letters that leave."""
    tab = await tabs.open()
    await tab.set_up()
    await fill_in_the_mail_server(tab)
    await tab.save()
    return tab


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no-scripts"])
async def test_another_address_from_start_to_end(tabs: Tabs, scripts: bool) -> None:
    await set_up(tabs)
    tab = await tabs.open(scripts=scripts, width=390)
    page = tab.page
    await tab.sign_in("root", PASSWORD)
    await tab.go("/account")
    await page.get_by_role("link", name="Change address").click()
    await page.get_by_label(re.compile("^(New a|A)ddress$")).fill(NEW)
    await page.get_by_label("Present password", exact=True).fill("not it")
    await page.get_by_role("button", name="Send the letter", exact=True).click()
    await expect(page.get_by_label("Present password", exact=True)).to_have_attribute("aria-invalid", "true")
    await expect(page.get_by_label(re.compile("^(New a|A)ddress$"))).to_have_value(NEW)
    await page.get_by_label("Present password", exact=True).fill(PASSWORD)
    await page.get_by_role("button", name="Send the letter", exact=True).click()
    await expect(page.get_by_text(f"Waiting to be confirmed: {NEW}")).to_be_visible()

    reader = await tabs.open(scripts=scripts)
    await latest_letter(reader, "Confirm your mail address")
    link = await reader.page.locator(".letter-text a").first.get_attribute("href")
    assert link is not None
    await reader.page.goto(link)
    await reader.page.wait_for_url("**/address-confirmations/new")
    await reader.page.get_by_role("button", name="Confirm the address").click()
    await reader.page.wait_for_url("**/sign-in")
    await tab.go("/account")
    await expect(page.locator("main")).to_contain_text(NEW)
    await expect(page.locator("main")).to_contain_text("The mail address was confirmed")
    await reader.page.goto(link)
    await expect(reader.page.get_by_role("heading", level=1)).to_have_text("This link no longer works")


async def test_a_browser_is_signed_out_from_another_by_keyboard(tabs: Tabs) -> None:
    tab = await tabs.open()
    await tab.set_up()
    other = await tabs.open(agent="Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0")
    await other.sign_in("root", PASSWORD)
    await tab.go("/account/sessions")
    await tab.page.get_by_role("button", name=re.compile("^Sign out Firefox on Linux")).focus()
    await tab.page.keyboard.press("Enter")
    await expect(tab.page.locator("#toasts")).to_contain_text("The browser is signed out.")
    await expect(tab.page.get_by_role("row")).to_have_count(2)
    await other.go("/account")
    await other.page.wait_for_url("**/sign-in?next=*")


async def test_the_zone_of_the_account_wins_over_the_browsers(tabs: Tabs) -> None:
    tab = await tabs.open()
    await tab.set_up()
    await tab.go("/account")
    await tab.page.get_by_label("Time zone").select_option("Pacific/Kiritimati")
    await tab.page.get_by_role("button", name="Save", exact=True).click()
    await expect(tab.page.get_by_label("Time zone")).to_have_value("Pacific/Kiritimati")
    shown = tab.page.locator(".happenings time").first
    with_scripts = await shown.text_content()
    plain = await tabs.open(scripts=False)
    await plain.sign_in("root", PASSWORD)
    await plain.go("/account/events")
    times = await plain.page.locator(".happenings time").all_text_contents()
    assert with_scripts in times
    assert not [each for each in times if each.endswith("UTC")]
