"""A running Postern and a real browser."""

import asyncio
import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Final
from urllib.error import URLError
from urllib.request import urlopen

import pytest
from playwright.async_api import Browser, BrowserContext, ConsoleMessage, Page, async_playwright, expect

from tests.world import KEYS, database_url
from webapp.db.connect import Database

SETUP_TOKEN: Final = "e2e-setup-token-0123456789"
PASSWORD: Final = "correct horse battery 1"
CHROMIUM: Final = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
ARGUMENTS: Final = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
START_SECONDS: Final = 30

# Several browsers, servers and databases share two cores: what takes a moment elsewhere may take seconds here.
expect.set_options(timeout=20_000)


class Site:
    """An installation that runs as `make run` would run it."""

    def __init__(self, url: str, mailbox_port: int, free_port: int) -> None:
        self.url = url
        self.mailbox_port = mailbox_port
        self.free_port = free_port
        """One that may be dialled, for a mail server of a test's own."""


def free_port() -> int:
    """A port that nobody listens on just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def site(database: Database, tmp_path: Path) -> Iterator[Site]:
    """Postern with its worker and its development mailbox, on each engine in turn."""
    port, mailbox_port, other_port = free_port(), free_port(), free_port()
    url = f"http://localhost:{port}"
    environ = {
        **os.environ,
        "POSTERN_DATABASE_URL": database_url(database),
        "POSTERN_DATA_DIR": str(tmp_path / "var"),
        "POSTERN_BIND": f"127.0.0.1:{port}",
        "POSTERN_PUBLIC_URL": url,
        "POSTERN_SECRET_KEYS": KEYS,
        "POSTERN_SETUP_TOKEN": SETUP_TOKEN,
        "POSTERN_DEV_MAILBOX_PORT": str(mailbox_port),
        "POSTERN_EGRESS_PORTS": ",".join(str(number) for number in (25, mailbox_port, other_port)),
    }
    (tmp_path / "var").mkdir()
    with (tmp_path / "server.log").open("wb") as log:
        process = subprocess.Popen([sys.executable, "-m", "webapp", "dev"], env=environ, stdout=log, stderr=log)
        try:
            wait_until_ready(url, process, tmp_path / "server.log")
            yield Site(url, mailbox_port, other_port)
        finally:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(15)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait(5)
                raise
    written = (tmp_path / "server.log").read_text()
    assert "Traceback" not in written, written


def wait_until_ready(url: str, process: "subprocess.Popen[bytes]", log: Path) -> None:
    """Wait until the server answers; fail with its log if it does not."""
    for _ in range(START_SECONDS * 10):
        assert process.poll() is None, log.read_text()
        try:
            with urlopen(f"{url.replace('localhost', '127.0.0.1')}/readyz", timeout=2):  # noqa: S310  our own server
                return
        except (URLError, ConnectionError, TimeoutError):
            _wait_a_little(process, 0.1)
    raise AssertionError(log.read_text())


def _wait_a_little(process: "subprocess.Popen[bytes]", seconds: float) -> None:
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        return


@pytest.fixture
async def chromium() -> AsyncIterator[Browser]:
    """Chromium without a window."""
    if CHROMIUM is None:
        pytest.skip("Chromium is not installed; on Debian: apt-get install chromium")
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        try:
            yield browser
        finally:
            await browser.close()


class Tab:
    """A page in a browser that notes what the browser complains of."""

    def __init__(self, page: Page, site: Site) -> None:
        self.page = page
        self.site = site
        self.complaints: list[str] = []
        page.on("console", self._note)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))

    def _note(self, message: ConsoleMessage) -> None:
        expected_status = message.text.startswith("Failed to load resource: the server responded with a status of 4")
        if message.type in {"error", "warning"} and not expected_status:
            self.complaints.append(message.text)

    async def go(self, path: str) -> None:
        """Open a page of the site."""
        await self.page.goto(f"{self.site.url}{path}")

    async def mark(self) -> None:
        """Mark the document, so that stayed() can tell whether it was loaded anew."""
        await self.page.evaluate("document.documentElement.dataset.same = 'yes'")

    async def stayed(self) -> bool:
        """Whether this is still the document that was marked."""
        return bool(await self.page.evaluate("document.documentElement.dataset.same === 'yes'"))

    async def set_up(self) -> None:
        """Become the first administrator."""
        await self.go(f"/setup?token={SETUP_TOKEN}")
        await self.page.get_by_label("Username").fill("root")
        await self.page.get_by_label("Your mail address").fill("root@example.org")
        await self.page.get_by_label("Password", exact=True).fill(PASSWORD)
        await self.page.get_by_role("button", name="Become the administrator").click()
        await self.page.wait_for_url("**/mail-server?first=1")

    async def sign_in(self, identifier: str, password: str) -> None:
        """Sign in."""
        await self.go("/sign-in")
        await self.page.get_by_label("Username or mail address").fill(identifier)
        await self.page.get_by_label("Password", exact=True).fill(password)
        await self.page.get_by_role("button", name="Sign in").click()
        await self.page.wait_for_url(lambda url: "/sign-in" not in url)

    async def sign_in_again_after_signing_out(self) -> None:
        """Sign out, and in again as the administrator."""
        await self.page.get_by_role("button", name="Sign out").first.click()
        await self.page.wait_for_url("**/sign-in")
        await self.sign_in("root", PASSWORD)


class Tabs:
    """Opens tabs, each a browser profile of its own."""

    def __init__(self, browser: Browser, site: Site) -> None:
        self._browser = browser
        self._site = site
        self._contexts: list[BrowserContext] = []
        self._tabs: list[Tab] = []

    async def open(
        self,
        *,
        width: int = 1280,
        scripts: bool = True,
        language: str = "en",
        dark: bool = False,
        agent: str | None = None,
    ) -> Tab:
        """A tab in a profile without cookies; ``agent`` is what the browser calls itself."""
        context = await self._browser.new_context(
            viewport={"width": width, "height": 900},
            java_script_enabled=scripts,
            user_agent=agent,
            locale=language,
            color_scheme="dark" if dark else "light",
        )
        context.set_default_timeout(30_000)
        self._contexts.append(context)
        tab = Tab(await context.new_page(), self._site)
        self._tabs.append(tab)
        return tab

    async def close(self) -> None:
        """Close all, and fail if a browser complained."""
        for context in self._contexts:
            await context.close()
        complaints = [complaint for tab in self._tabs for complaint in tab.complaints]
        assert not complaints, complaints


@pytest.fixture
async def tabs(chromium: Browser, site: Site) -> AsyncIterator[Tabs]:
    """Browser profiles on the running site."""
    opened = Tabs(chromium, site)
    yield opened
    await asyncio.wait_for(opened.close(), 30)
