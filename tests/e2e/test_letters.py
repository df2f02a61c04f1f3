"""How letters look, followed as somebody types; and "this was not me", from the letter to the thaw, without scripts."""

import re

import pytest
from playwright.async_api import expect

from tests.brand.pictures import png
from tests.e2e.conftest import PASSWORD, Site, Tab, Tabs
from tests.e2e.test_main_job import fill_in_the_mail_server, latest_letter

pytestmark = pytest.mark.one_engine  # what is looked at is the page; others have the rest on both

NOT_ME = re.compile(r"http://localhost:\d+/not-me/[\w.-]+")


async def test_the_preview_follows_what_is_typed_and_the_logo_comes_with_saving(tabs: Tabs, site: Site) -> None:
    tab = await tabs.open()
    await tab.set_up()
    await tab.go("/letters")
    page = tab.page
    wide = page.frame_locator("iframe").nth(0)
    narrow = page.frame_locator("iframe").nth(1)
    await expect(wide.get_by_role("heading")).to_have_text("Set a new password")
    await tab.mark()
    await page.get_by_label("Name of the platform").press_sequentially("Northwind <b>x</b>")
    for frame in (wide, narrow):
        await expect(frame.locator("body")).to_contain_text("Northwind <b>x</b> wrote this letter")
    await expect(page.locator("#preview pre")).to_contain_text("Northwind <b>x</b>")
    await page.get_by_label("Colour").fill("#7a1f3e")
    await expect(wide.locator(".button")).to_have_css("background-color", "rgb(122, 31, 62)")
    await page.get_by_label("Colour").fill("#ffcc00")
    await expect(page.locator("#preview")).to_contain_text("hard to read")
    await page.get_by_label("Colour").fill("#7a1f3e")
    await page.get_by_label("Letter", exact=True).select_option("Invitation")
    await expect(narrow.get_by_role("heading")).to_have_text("You have an account")
    await page.locator("select[name=lang]").select_option("zh_Hans")
    await expect(wide.locator("html")).to_have_attribute("lang", "zh-Hans")
    await page.set_input_files("#logo", {"name": "logo.png", "mimeType": "image/png", "buffer": png()})
    await expect(wide.locator("img")).to_have_count(0)
    await page.get_by_role("button", name="Save", exact=True).click()
    await expect(page.locator("#toasts")).to_contain_text("Saved.")
    await expect(wide.locator("img")).to_have_js_property("naturalWidth", 120)
    await expect(wide.locator("html")).to_have_attribute("lang", "zh-Hans")
    assert await tab.stayed()
    # The form is a new one by now, and is still followed.
    await page.get_by_label("Footer").press_sequentially("Berlin")
    await expect(wide.locator("body")).to_contain_text("Berlin")
    # Back leaves the page: looking at letters left no trace in the history.
    await page.go_back()
    assert "/letters" not in page.url


async def test_an_account_is_frozen_from_a_letter_and_thawed_without_scripts(tabs: Tabs, site: Site) -> None:
    admin = await tabs.open()
    await admin.set_up()
    await fill_in_the_mail_server(admin)
    await admin.save()
    plain = await tabs.open(scripts=False)
    await plain.sign_in("root", PASSWORD)
    await plain.go("/letters?name=Northwind")
    await plain.page.get_by_role("button", name="Save", exact=True).click()
    await expect(plain.page.locator("#toasts")).to_contain_text("Saved.")
    await plain.go("/users/new")
    await plain.page.get_by_label("Username").fill("alice")
    await plain.page.get_by_label("Mail address").fill("alice@example.org")
    await plain.page.locator("input[name=password]").fill("nine purple lanterns humming")
    await plain.page.get_by_role("button", name="Create", exact=True).click()
    address = plain.page.url
    await plain.page.get_by_label("New password").fill("seven brass lamps burning")
    await plain.page.get_by_role("button", name="Set password").click()
    await expect(plain.page.locator("#toasts")).to_contain_text("The new password is set.")
    reader = await tabs.open(scripts=False, width=390)
    await latest_letter(admin, "Your password for Northwind was changed")
    link = NOT_ME.search(await admin.page.content())
    assert link
    await reader.page.goto(link[0])
    await expect(reader.page.get_by_role("heading", level=1)).to_have_text("This was not you?")
    await reader.page.get_by_role("button", name="Freeze the account").click()
    await expect(reader.page.get_by_role("heading", level=1)).to_have_text("The account is frozen")
    await latest_letter(admin, "The account alice is frozen")
    await _refused(reader)
    await plain.page.goto(address)
    await expect(plain.page.locator("#banner")).to_contain_text("An account is frozen")
    await plain.page.locator("#thaw").click()
    await expect(plain.page.locator("#toasts")).to_contain_text("Set a new password now")
    await reader.sign_in("alice", "seven brass lamps burning")


async def _refused(tab: Tab) -> None:
    await tab.go("/sign-in")
    await tab.page.get_by_label("Username or mail address").fill("alice")
    await tab.page.get_by_label("Password", exact=True).fill("seven brass lamps burning")
    await tab.page.get_by_role("button", name="Sign in").click()
    await expect(tab.page.locator("#sign-in-error")).to_contain_text("is not right")
