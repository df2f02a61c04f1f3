"""Asking again for the link: after a countdown, without typing the name again."""

import re
from pathlib import Path

import pytest
from playwright.async_api import Browser, expect

from tests.e2e.conftest import Tabs, a_site
from webapp.db.connect import Database

pytestmark = pytest.mark.one_engine  # what is looked at is the countdown; tests/recovery has the rest on both


@pytest.mark.parametrize("scripts", [True, False])
async def test_the_countdown_survives_a_reload_and_then_it_is_sent_again(
    chromium: Browser, database: Database, tmp_path: Path, scripts: bool
) -> None:
    async with a_site(database, tmp_path / "var", RESET_REPEAT_SECONDS="6") as site:
        tabs = Tabs(chromium, site)
        tab = await tabs.open(width=390, scripts=scripts)
        page = tab.page
        await tab.go("/password-reset")
        await page.get_by_label("Username or mail address").fill("alice")
        await page.get_by_role("button", name="Send the link").click()
        await page.wait_for_url("**/password-reset/sent")
        again = page.get_by_role("button", name="Send again")
        await expect(again).to_be_disabled()
        await page.reload()
        await expect(page.get_by_text(re.compile("It can be sent again in [1-6] seconds"))).to_be_visible()
        await expect(again).to_be_enabled()
        await again.click()
        await expect(again).to_be_disabled()
        await tabs.close()
