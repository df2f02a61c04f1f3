"""Takes the pictures of README and guides: starts Postern in a scratch folder and photographs it in Chromium."""

import asyncio
import sys
import tempfile
from pathlib import Path
from typing import Final

from playwright.async_api import Page, async_playwright

from tests.databases import SqliteDatabases
from tests.e2e.conftest import ARGUMENTS, CHROMIUM, Site, Tab, a_site

PICTURES: Final = Path("docs/pictures")


async def photograph() -> None:
    """Set Postern up in a browser, and take the pictures on the way."""
    with tempfile.TemporaryDirectory() as scratch, SqliteDatabases(Path(scratch)).fresh() as database:
        async with a_site(database, Path(scratch) / "var") as site, async_playwright() as playwright:
            browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
            page = await browser.new_page(viewport={"width": 1280, "height": 800}, reduced_motion="reduce")
            await Tab(page, site).set_up()
            await page.get_by_role("link", name="Use the development mailbox").click()
            await page.get_by_role("button", name="Save", exact=True).click()
            await page.locator("[data-toast=success]").wait_for()
            await _test(page, "mail-server")
            await _why(page, site)
            await _users(page, site)
            await page.goto(f"{site.url}/mail-server")
            await page.get_by_role("textbox", name="Port").fill("25")
            await _test(page, "mail-server-red")
            await browser.close()


async def _why(page: Page, site: Site) -> None:
    await page.goto(f"{site.url}/users/new")
    await page.get_by_label("Username").fill("anna.meyer")
    await page.get_by_label("Name", exact=False).last.fill("Anna Meyer")
    await page.locator("#main form button[type=submit]").first.click()
    await page.locator("#summary").wait_for()
    await page.get_by_text("Everything that was checked").click()
    await page.locator("#toasts").evaluate("toasts => toasts.replaceChildren()")
    await page.screenshot(path=PICTURES / "why.png", caret="initial")


async def _users(page: Page, site: Site) -> None:
    people = ("Anna Müller", "Hannah Schröder", "Joanna Nowak", "Änne Groß", "王小明", "Susanna Rossi")
    rows = (f"user{n},user{n}@example.org,{name}" for n, name in enumerate(people))
    file = "username,email,name\n" + "\n".join(rows)
    await page.goto(f"{site.url}/users/imports")
    await page.get_by_label("File").set_input_files({"name": "a.csv", "mimeType": "text/csv", "buffer": file.encode()})
    await page.get_by_role("button", name="Look at the file").click()
    await page.get_by_role("button", name="Take over").click()
    await page.get_by_role("link", name="Download the report").wait_for()
    await page.goto(f"{site.url}/users?status=no_password&q=ann")
    await page.locator("#people mark").first.wait_for()
    await page.screenshot(path=PICTURES / "users.png", caret="initial")


async def _test(page: Page, name: str) -> None:
    await page.get_by_role("button", name="Test Mail Server").click()
    await page.locator("#outcome .verdict").wait_for()
    await page.locator("#toasts .toast").last.wait_for()
    await page.evaluate("window.scrollTo(0, 0)")
    await page.screenshot(path=PICTURES / f"{name}.png", full_page=True, caret="initial")


def main() -> None:
    """Start Postern, take the pictures, stop it."""
    if CHROMIUM is None:
        sys.exit("Chromium is not installed; on Debian: apt-get install chromium-headless-shell")
    PICTURES.mkdir(parents=True, exist_ok=True)
    asyncio.run(photograph())


if __name__ == "__main__":
    main()
