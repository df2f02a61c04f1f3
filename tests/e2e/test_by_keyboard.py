"""The pages of signing in and of one's account by the keyboard alone."""

import base64

import pytest
from playwright.async_api import Locator, expect

from tests.e2e.conftest import PASSWORD, Site, Tab, Tabs
from webapp.clock import utc_now
from webapp.sessions.factors.totp import code, step_of

pytestmark = pytest.mark.one_engine  # what is looked at is the page; the rest is tested on both elsewhere

MOST_TABS = 60
_SHOWN = """each => {
  const style = getComputedStyle(each);
  return style.outlineStyle !== "none" || style.boxShadow !== "none";
}"""


async def tab_to(tab: Tab, role: str, name: str) -> None:
    """Press the tabulator until this has the focus, which can be seen."""
    await tab_to_the(tab.page.locator("main").get_by_role(role, name=name, exact=True).first)  # type: ignore[arg-type]  # its roles are literals


async def tab_to_the(wanted: Locator) -> None:
    """Press the tabulator until this has the focus, which can be seen."""
    for _ in range(MOST_TABS):
        if await wanted.evaluate("each => each === document.activeElement"):
            shown = await wanted.evaluate(_SHOWN)
            assert shown, f"the focus of {wanted} cannot be seen"
            return
        await wanted.page.keyboard.press("Tab")
    raise AssertionError(f"the tabulator does not reach {wanted}")


async def added_app(tab: Tab) -> tuple[bytes, int]:
    """Add an authenticator app; its secret, and the time step that was used up."""
    page, keys = tab.page, tab.page.keyboard
    await tab.go("/account/factors")
    await tab_to(tab, "textbox", "Present password")
    await keys.type(PASSWORD)
    await keys.press("Enter")
    await page.wait_for_load_state()
    typed = "".join((await page.locator("#secret").inner_text()).split())
    secret = base64.b32decode(typed + "=" * (-len(typed) % 8))
    step = step_of(utc_now())
    await tab_to(tab, "textbox", "Code that the app shows")
    await keys.type(code(secret, step))
    await keys.press("Enter")
    await expect(page.get_by_role("heading", name="Keep these recovery codes")).to_be_visible()
    return secret, step


async def test_a_second_factor_the_policy_and_the_account(tabs: Tabs, site: Site) -> None:
    tab = await tabs.open()
    page, keys = tab.page, tab.page.keyboard
    await tab.set_up()
    secret, step = await added_app(tab)
    await page.context.clear_cookies()
    await tab.go("/sign-in")
    await tab_to(tab, "textbox", "Username or mail address")
    await keys.type("root")
    await keys.press("Tab")
    await keys.type(PASSWORD)
    await keys.press("Enter")
    await page.wait_for_url("**/sign-in/factor")
    await expect(page.get_by_label("Code")).to_be_focused()
    await keys.type(code(secret, step + 1))
    await keys.press("Enter")
    await page.wait_for_url(lambda url: "/sign-in" not in url)

    await tab.go("/security-policy")
    await tab_to(tab, "checkbox", "Administrator")
    await keys.press("Space")
    await tab_to(tab, "button", "Save")
    await keys.press("Enter")
    await expect(page.locator("#toasts")).to_contain_text("Saved")
    await expect(page.get_by_role("button", name="Save", exact=True)).to_be_focused()
    await tab.go("/account")
    await tab_to(tab, "combobox", "Time zone")
    await keys.type("Kiritimati")
    await tab_to(tab, "button", "Save")
    await keys.press("Enter")
    await page.wait_for_load_state()
    await expect(page.get_by_label("Time zone")).to_have_value("Pacific/Kiritimati")
