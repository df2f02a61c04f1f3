"""How long it takes from the click on "Test Mail Server" until the first rung is on the screen."""

import asyncio
from pathlib import Path
from statistics import quantiles
from typing import Final

from playwright.async_api import Page, async_playwright

from bench.figures import MILLISECONDS, Figure, spread
from bench.process import SETUP_TOKEN, environment, postern
from tests.e2e.conftest import ARGUMENTS, CHROMIUM
from tests.ports import free_port

CLICKS: Final = 15
RUNGS: Final = 9
LONGEST_SECONDS: Final = 90
PASSWORD: Final = "correct horse battery 1"

_WATCH: Final = """() => {
  const button = document.getElementById("test-button");
  const ladder = document.getElementById("ladder");
  window.firstRung = null;
  let clicked = 0;
  button.addEventListener("click", () => { clicked = performance.now(); }, {once: true, capture: true});
  new MutationObserver((_, watching) => {
    if (clicked && ladder.querySelector(".rung")) {
      watching.disconnect();
      requestAnimationFrame(() => setTimeout(() => { window.firstRung = performance.now() - clicked; }));
    }
  }).observe(ladder, {childList: true, subtree: true});
}"""


def measure(folder: Path) -> list[Figure]:
    """Clicks in a real browser, each until the frame that shows the rung was painted."""
    if CHROMIUM is None:
        return [Figure("From click to first rung on screen", "not measured: Chromium is not installed", "")]
    mailbox = free_port()
    environ = environment(folder, DEV_MAILBOX_PORT=str(mailbox), EGRESS_PORTS=f"25,{mailbox}")
    with postern("dev", folder, environ) as url:
        seconds = asyncio.run(asyncio.wait_for(_clicks(url), LONGEST_SECONDS))
    slowest_tenth = quantiles(seconds, n=10)[-1] * MILLISECONDS
    return [
        Figure("From click to first rung on screen", spread(seconds), "below 100 ms (reported)"),
        Figure("The slowest tenth of these clicks", f"from {slowest_tenth:.2f} ms", ""),
    ]


async def _clicks(url: str) -> list[float]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        try:
            page = await browser.new_page(viewport={"width": 1280, "height": 900})
            page.set_default_timeout(15_000)
            await _become_administrator(page, url)
            return [await _click(page, url) for _ in range(CLICKS)]
        finally:
            await browser.close()


async def _become_administrator(page: Page, url: str) -> None:
    await page.goto(f"{url}/setup?token={SETUP_TOKEN}")
    await page.get_by_label("Username").fill("root")
    await page.get_by_label("Your mail address").fill("root@example.org")
    await page.get_by_label("Password", exact=True).fill(PASSWORD)
    await page.get_by_role("button", name="Become the administrator").click()
    await page.wait_for_url("**/mail-server?first=1")


async def _click(page: Page, url: str) -> float:
    await page.goto(f"{url}/mail-server?preset=dev-mailbox")
    await page.get_by_label("Send the test letter to").fill("root@example.org")
    await page.evaluate(_WATCH)
    await page.locator("#test-button").click()
    await page.locator("#ladder > .rung").nth(RUNGS - 1).wait_for()
    found = await page.evaluate("window.firstRung")
    if found is None:
        raise RuntimeError("a rung was shown and not noticed")
    return float(found) / MILLISECONDS
