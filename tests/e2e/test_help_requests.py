"""Asking for help in one browser, and being helped in another."""

import pytest
from playwright.async_api import expect

from tests.e2e.conftest import Site, Tabs
from tests.e2e.test_accessibility import violations

pytestmark = pytest.mark.one_engine  # what is looked at is the page; the rest is tested on both elsewhere


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no-scripts"])
async def test_from_the_asking_to_the_closed_request(tabs: Tabs, site: Site, scripts: bool) -> None:
    admin, alice = await tabs.open(scripts=scripts), await tabs.open(scripts=scripts, width=390)
    await admin.set_up()
    page = alice.page
    await alice.go("/help-requests")
    await page.get_by_label("Username or mail address").fill("root")
    await page.get_by_role("button", name="Send the request").click()
    await expect(page.get_by_label("How to reach you")).to_have_attribute("aria-invalid", "true")
    await expect(page.get_by_label("Username or mail address")).to_have_value("root")
    await page.get_by_label("How to reach you").fill("Room 12")
    await page.get_by_label("What happened").fill("<b>No letter</b> comes.")
    await page.get_by_role("button", name="Send the request").click()
    await page.wait_for_url("**/help-requests/sent")
    if scripts:
        assert await violations(page) == []

    page = admin.page
    await admin.go("/help-requests/inbox")
    row = page.get_by_role("row").filter(has_text="Room 12")
    await expect(row).to_contain_text("<b>No letter</b> comes.")
    await expect(row.get_by_role("link", name="root")).to_be_visible()
    if scripts:
        assert await violations(page) == []
    await row.get_by_role("button", name="Close").click()
    await expect(page.get_by_text("There are none.")).to_be_visible()
    await page.get_by_role("link", name="Closed").click()
    await expect(row).to_contain_text("closed by root")
    await row.get_by_role("button", name="Open again").click()
    await page.get_by_role("link", name="Open", exact=True).click()
    await expect(row).to_contain_text("Room 12")
