"""The mail log in a browser: a letter followed by the open page, a search as one types, sending again."""

import re

import pytest
from playwright.async_api import expect

from tests.e2e.conftest import PASSWORD, Site, Tab, Tabs
from tests.e2e.test_main_job import NEW_PASSWORD, fill_in_the_mail_server, latest_letter

pytestmark = pytest.mark.one_engine  # what is looked at is the page; the rest is tested on both elsewhere

CHROME = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36"
"""A browser without a window says that it has none, as programs do."""


async def create(tab: Tab, name: str) -> None:
    await tab.go("/users/new")
    await tab.page.get_by_label("Username").fill(name)
    await tab.page.get_by_label("Mail address").fill(f"{name}@example.org")
    await tab.page.locator("#password").fill("correct horse battery 2")
    await tab.page.get_by_role("button", name="Create", exact=True).click()
    await tab.page.wait_for_url(re.compile(r"/users/\d+"))


async def send_link_to_alice(admin: Tab) -> None:
    """From her page send alice a link, and open the log's page of the letter."""
    page = admin.page
    await create(admin, "alice")
    await page.get_by_role("button", name="Send link").click()
    await expect(page.locator("#toasts")).to_contain_text("on its way")
    await page.get_by_role("link", name="Letters to this person").click()
    await expect(page.locator("#mail-log-count")).to_have_text("1 letter")
    await page.get_by_role("link", name="Reset link").click()
    await page.wait_for_url(re.compile(r"/mail-log/\d+"))


async def test_an_open_page_follows_a_letter_from_the_click_to_the_new_password(tabs: Tabs, site: Site) -> None:
    admin = await tabs.open()
    page = admin.page
    await admin.set_up()
    await fill_in_the_mail_server(admin)
    await admin.save()
    await send_link_to_alice(admin)
    timeline = page.locator("#timeline")
    await admin.mark()
    await expect(timeline).to_contain_text("Asked for by root")
    await expect(timeline).to_contain_text("Accepted by 127.0.0.1")

    alice = await tabs.open(width=390, agent=CHROME)
    await latest_letter(alice, "Set a new password")
    link = await alice.page.locator(".letter-text a").first.get_attribute("href")
    assert link
    await alice.page.goto(link)
    await expect(timeline).to_contain_text("Link opened in a browser")
    await expect(timeline).to_contain_text("A mail scanner that runs a browser looks the same.")
    await alice.page.get_by_label("New password").fill(NEW_PASSWORD)
    await alice.page.get_by_role("button", name="Set the password").click()
    await alice.page.wait_for_url("**/sign-in")
    await expect(timeline).to_contain_text("Used: a new password was set with it")
    assert await admin.stayed()
    await expect(page.locator("#letter-watch[hx-get]")).to_have_count(0)

    await page.get_by_role("button", name="Send again").click()
    await expect(page.locator("#toasts")).to_contain_text("A new link is on its way to alice@example.org.")
    await expect(timeline).to_contain_text("Accepted by 127.0.0.1")


async def test_what_waits_goes_on_in_front_of_the_reader_who_loses_neither_place_nor_focus(
    tabs: Tabs, site: Site
) -> None:
    admin, reader = await tabs.open(), await tabs.open()
    await admin.set_up()
    await send_link_to_alice(admin)
    letter, listed = admin.page.locator("#letter"), reader.page
    await expect(letter).to_contain_text("Letters wait: no mail server is set up")
    await reader.sign_in("root", PASSWORD)
    await reader.go("/mail-log")
    row = listed.get_by_role("row", name=re.compile("alice"))
    await expect(row).to_contain_text("Waiting")
    for tab, link in ((admin, "All their letters"), (reader, "Reset link")):
        await tab.page.get_by_role("link", name=link).focus()
        await tab.mark()

    second = await tabs.open()
    await second.sign_in("root", PASSWORD)
    await second.go("/mail-server")
    await fill_in_the_mail_server(second)
    await second.save()
    await expect(letter).to_contain_text("Accepted by 127.0.0.1")
    await expect(letter).not_to_contain_text("Letters wait")
    await expect(row).to_contain_text("Accepted")
    await expect(listed.locator("tr[hx-get]")).to_have_count(0)
    for tab, link in ((admin, "All their letters"), (reader, "Reset link")):
        await expect(tab.page.get_by_role("link", name=link)).to_be_focused()
        assert await tab.stayed()


async def test_letters_are_found_as_one_types(tabs: Tabs, site: Site) -> None:
    tab = await tabs.open()
    page = tab.page
    await tab.set_up()
    for name in ("alice", "albert", "bob"):
        await create(tab, name)
        await page.get_by_role("button", name="Send link").click()
        await expect(page.locator("#toasts")).to_contain_text("on its way")
    await tab.go("/mail-log")
    rows = page.locator("#mail-log-table tbody tr[id]")
    await expect(rows).to_have_count(3)
    await tab.mark()
    await page.keyboard.press("/")
    await page.keyboard.type("al")
    await expect(rows).to_have_count(2)
    await page.keyboard.type("b")
    await expect(rows).to_have_count(1)
    await expect(page.locator("#mail-log-count")).to_have_text("1 letter")
    await expect(page.get_by_role("searchbox")).to_be_focused()
    assert page.url.endswith("/mail-log?q=alb")
    await page.get_by_label("Kind").select_option("password_changed")
    await expect(page.locator("#mail-log")).to_contain_text("No such letters")
    assert page.url.endswith("/mail-log?q=alb&kind=password_changed")
    assert await tab.stayed()
    await page.go_back()
    await expect(rows).to_have_count(3)
    await page.get_by_role("link", name="Requests without a letter").click()
    await expect(page.get_by_text("Every request led to a letter")).to_be_visible()


async def test_the_log_works_without_javascript(tabs: Tabs, site: Site) -> None:
    tab = await tabs.open(scripts=False)
    page = tab.page
    await tab.set_up()
    await fill_in_the_mail_server(tab)
    await tab.save()
    await create(tab, "alice")
    await page.get_by_role("button", name="Send link").click()
    await page.get_by_role("link", name="Letters to this person").click()
    await page.get_by_role("searchbox").fill("example.org")
    await page.get_by_role("searchbox").press("Enter")
    await expect(page.locator("#mail-log-count")).to_have_text("1 letter")
    await expect(page.get_by_text("For alice")).to_be_visible()
    await page.get_by_role("link", name="Reset link").click()
    for _ in range(50):
        if await page.locator("#timeline").get_by_text("Accepted by 127.0.0.1").count():
            break
        await page.get_by_role("link", name="Look again").click()
    await page.get_by_role("button", name="Send again").click()
    await expect(page.locator("#toasts")).to_contain_text("A new link is on its way")
