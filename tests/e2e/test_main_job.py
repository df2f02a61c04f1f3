"""The main job, as people do it: the seven steps, in one go, in a browser."""

import re

import pytest
from playwright.async_api import expect

from tests.e2e.conftest import PASSWORD, Site, Tab, Tabs

NEW_PASSWORD = "violet harbour seven lanterns"


async def fill_in_the_mail_server(tab: Tab) -> None:
    """Type the development mailbox's settings."""
    page = tab.page
    await page.get_by_label("Host").fill("127.0.0.1")
    await page.get_by_role("textbox", name="Port").fill(str(tab.site.mailbox_port))
    await page.get_by_role("radio", name="None usually port 25").check()
    await page.get_by_role("radio", name="None a relay").check()
    await page.get_by_label("Sender's address").fill("postern@example.org")


async def latest_letter(tab: Tab, subject: str) -> None:
    """Open the newest letter of this subject in the development mailbox, once it is there."""
    await tab.go("/dev/mailbox")
    await tab.page.get_by_role("link", name=re.compile(subject)).first.click()


async def test_setting_up_saving_and_testing_the_mail_server(tabs: Tabs, site: Site) -> None:
    tab = await tabs.open()
    page = tab.page
    await tab.become_administrator()
    await tab.mark()
    await page.get_by_label("Host").fill("bad host name")
    await page.get_by_label("Sender's address").fill("nobody")
    await page.get_by_role("button", name="Save", exact=True).click()
    await expect(page.get_by_label("Host")).to_have_attribute("aria-invalid", "true")
    await expect(page.get_by_label("Host")).to_have_value("bad host name")
    await expect(page.get_by_label("Host")).to_be_focused()
    await fill_in_the_mail_server(tab)
    await tab.save()
    await expect(page.get_by_label("Send the test letter to")).to_have_value("root@example.org")
    await page.get_by_role("button", name="Test Mail Server").click()
    await expect(page.locator("#ladder .rung")).to_have_count(9)
    await expect(page.locator("#ladder .rung.failed")).to_have_count(0)
    await expect(page.locator("#toasts")).to_contain_text("sent")
    assert await tab.stayed()
    await latest_letter(tab, "Test from")
    await expect(page.get_by_role("heading", level=1)).to_contain_text("Test from")


@pytest.mark.one_engine
async def test_a_red_rung_says_why_and_marks_the_field(tabs: Tabs, site: Site) -> None:
    tab = await tabs.open()
    await tab.set_up()
    await fill_in_the_mail_server(tab)
    await tab.page.get_by_role("textbox", name="Port").fill("25")
    await tab.mark()
    await tab.page.get_by_role("button", name="Test Mail Server").click()
    failed = tab.page.locator("#ladder .rung.failed")
    await expect(failed).to_have_count(1)
    await expect(failed.locator("ol li").first).to_be_visible()
    await expect(tab.page.locator("#ladder .rung")).to_have_count(2)
    await expect(tab.page.get_by_role("textbox", name="Port")).to_have_attribute("aria-invalid", "true")
    assert await tab.stayed()


@pytest.mark.one_engine
async def test_saving_while_a_test_runs_does_not_cut_it_short(tabs: Tabs, site: Site) -> None:
    tab = await tabs.open()
    await tab.set_up()
    await fill_in_the_mail_server(tab)
    await tab.page.get_by_role("button", name="Test Mail Server").click()
    await tab.page.get_by_role("button", name="Save", exact=True).click()
    await expect(tab.page.locator("#ladder .rung")).to_have_count(9)


async def test_a_forgotten_password_is_set_anew_and_the_link_works_once(tabs: Tabs, site: Site) -> None:
    admin = await tabs.open()
    await admin.set_up()
    await fill_in_the_mail_server(admin)
    await admin.save()
    await admin.go("/users/new")
    await admin.page.get_by_label("Username").fill("alice")
    await admin.page.locator("#email").fill("alice@example.org")
    await admin.page.get_by_role("button", name="Create", exact=True).click()
    await admin.page.wait_for_url(re.compile(r"/users/\d+"))

    alice = await tabs.open(width=390)
    page = alice.page
    answers = []
    for name in ("nobody", "alice"):
        await alice.go("/sign-in")
        await page.get_by_role("link", name="Forgot your password?").click()
        await page.get_by_label("Username or mail address").fill(name)
        await page.get_by_role("button", name="Send the link").click()
        await page.wait_for_url("**/password-reset/sent")
        answers.append(re.sub(r"\d+ seconds", "N seconds", await page.locator("main").inner_text()))
    assert answers[0] == answers[1]

    await latest_letter(alice, "Set a new password")
    link = await page.locator(".letter-text a").first.get_attribute("href")
    assert link is not None
    assert link.startswith(f"{site.url}/password-reset/")
    await page.goto(link)
    await page.wait_for_url("**/password-reset/new")
    await page.get_by_label("New password").fill("short")
    await page.get_by_role("button", name="Set the password").click()
    await expect(page.get_by_label("New password")).to_have_attribute("aria-invalid", "true")
    await page.get_by_label("New password").fill(NEW_PASSWORD)
    await page.get_by_role("button", name="Set the password").click()
    await page.wait_for_url("**/sign-in")
    await alice.sign_in("alice", NEW_PASSWORD)
    await expect(page.get_by_role("heading", level=1)).to_have_text("Account")

    stranger = await tabs.open()
    await stranger.page.goto(link)
    await expect(stranger.page.get_by_role("heading", level=1)).to_contain_text("no longer works")
    await latest_letter(stranger, "changed")


async def test_a_new_password_ends_the_sessions_in_other_browsers(tabs: Tabs, site: Site) -> None:
    here, there = await tabs.open(), await tabs.open()
    await here.set_up()
    await there.sign_in("root", PASSWORD)
    await here.go("/account/password")
    await here.page.get_by_label("Present password").fill(PASSWORD)
    await here.page.get_by_label("New password").fill(NEW_PASSWORD)
    await here.page.get_by_role("button", name="Change password").click()
    await here.page.wait_for_url("**/account")
    await there.go("/account")
    await there.page.wait_for_url("**/sign-in**")


async def test_people_are_found_as_one_types_and_helped(tabs: Tabs, site: Site) -> None:
    tab = await tabs.open()
    page = tab.page
    await tab.set_up()
    for name in ("alice", "albert", "bob"):
        await tab.go("/users/new")
        await page.get_by_label("Username").fill(name)
        await page.get_by_role("button", name="Create", exact=True).click()
        await page.wait_for_url(re.compile(r"/users/\d+"))
    await tab.go("/users")
    await expect(page.locator("tbody tr")).to_have_count(4)
    await tab.mark()
    await page.keyboard.press("/")
    await page.keyboard.type("al")
    await expect(page.locator("tbody tr")).to_have_count(2)
    await page.keyboard.type("b")
    await expect(page.locator("tbody tr")).to_have_count(1)
    assert page.url.endswith("q=alb") or "q=alb" in page.url
    assert await tab.stayed()
    await page.go_back()
    await expect(page.locator("tbody tr")).to_have_count(4)
    await page.go_forward()
    await expect(page.locator("tbody tr")).to_have_count(1)
    await page.get_by_role("link", name="albert").click()
    await page.wait_for_url(re.compile(r"/users/\d+"))
    await tab.mark()
    await page.locator("#email").fill("albert@example.org")
    await page.get_by_role("button", name="Save", exact=True).click()
    await expect(page.locator("#toasts")).to_contain_text(re.compile("saved", re.IGNORECASE))
    assert await tab.stayed()


async def test_the_main_job_works_without_javascript(tabs: Tabs, site: Site) -> None:
    tab = await tabs.open(scripts=False)
    page = tab.page
    await tab.become_administrator()
    await fill_in_the_mail_server(tab)
    await page.get_by_role("button", name="Test Mail Server").click()
    await expect(page.locator("#ladder .rung")).to_have_count(9)
    await expect(page.get_by_label("Host")).to_have_value("127.0.0.1")
    await tab.save()
    await tab.go("/users")
    await page.get_by_role("searchbox").fill("roo")
    await page.get_by_role("searchbox").press("Enter")
    await expect(page.locator("tbody tr")).to_have_count(1)
    await tab.sign_in_again_after_signing_out()
