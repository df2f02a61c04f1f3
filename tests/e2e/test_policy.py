"""The security policy, and advice while a password is typed, in a browser."""

import pytest
from playwright.async_api import expect

from tests.e2e.conftest import PASSWORD, Site, Tabs
from tests.e2e.test_accessibility import violations

pytestmark = pytest.mark.one_engine  # what is looked at is the page; the rest is tested on both elsewhere


@pytest.mark.parametrize(("width", "dark"), [(1280, True), (390, False)])
async def test_the_policy_is_saved_in_place_and_holds_while_a_password_is_typed(
    tabs: Tabs, site: Site, width: int, dark: bool
) -> None:
    tab = await tabs.open(width=width, dark=dark)
    page = tab.page
    await tab.set_up()
    await tab.go("/security-policy")
    assert await violations(page) == []
    await tab.mark()
    least = page.get_by_label("Shortest password", exact=True)
    await least.fill("7")
    await page.get_by_label("Words that no password may contain").fill("lighthouse")
    await page.get_by_role("button", name="Save", exact=True).click()
    await expect(least).to_have_attribute("aria-invalid", "true")
    await expect(least).to_be_focused()
    await expect(page.get_by_label("Words that no password may contain")).to_have_value("lighthouse")
    assert await violations(page) == []
    await least.fill("20")
    await page.get_by_role("button", name="Save", exact=True).click()
    await expect(page.locator("#toasts")).to_contain_text("Saved")
    assert await tab.stayed()

    await tab.go("/account/password")
    await tab.mark()
    new, advice = page.get_by_label("New password", exact=True), page.locator("#new_password-advice")
    await new.press_sequentially("our lighthouse")
    await expect(advice).to_contain_text("Use at least 20 characters.")
    await expect(advice).to_contain_text("Leave out “lighthouse”")
    assert await violations(page) == []
    await new.fill("violet harbour seven lanterns")
    await expect(advice).to_contain_text("This password may be used.")
    await expect(new).to_be_focused()
    assert await tab.stayed()
    assert PASSWORD not in await page.content()
