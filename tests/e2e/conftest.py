"""A running Postern and a real browser.

The browser is the same for all tests of a process, which therefore share an event loop; each tab is a profile of its
own. Postern and its database are each test's own.
"""

import asyncio
import contextlib
import os
import re
import shutil
import signal
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import httpx2
import pytest
import pytest_asyncio
from playwright.async_api import Browser, BrowserContext, ConsoleMessage, Page, async_playwright, expect

from tests import nest
from tests.ports import free_port
from tests.world import KEYS, database_url, hash_of
from webapp.audit.record import Actor
from webapp.db.connect import Database, connected, transaction
from webapp.principal import Role
from webapp.sessions.session import Client
from webapp.sessions.sign_in import enter
from webapp.users.create import Created, NewPerson, create
from webapp.users.models import User
from webapp.web.cookies import SESSION

SETUP_TOKEN: Final = "e2e-setup-token-0123456789"
PASSWORD: Final = "correct horse battery 1"
BROWSERS: Final = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
"""The same engine in all; the first one draws no windows that nobody sees, which takes half of the time."""
CHROMIUM: Final = next(filter(None, map(shutil.which, BROWSERS)), None)
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
expect.set_options(timeout=30_000)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run these tests in the event loop that the browser lives in."""
    here = Path(__file__).parent
    for item in items:
        if item.path.is_relative_to(here):
            item.add_marker(pytest.mark.asyncio(loop_scope="session"), append=False)


class Site:
    """An installation that runs as `make run` would run it."""

    def __init__(self, url: str, database: Database, mailbox_port: int, free_port: int) -> None:
        self.url = url
        self.database = database
        self.mailbox_port = mailbox_port
        self.free_port = free_port
        """One that may be dialled, for a mail server of a test's own."""


@pytest_asyncio.fixture(loop_scope="session")
async def site(database: Database, tmp_path: Path) -> AsyncIterator[Site]:
    """Postern with its worker and its development mailbox, on each engine in turn."""
    async with a_site(database, tmp_path / "var") as site:
        yield site


@contextlib.asynccontextmanager
async def a_site(database: Database, folder: Path, **variables: str) -> AsyncIterator[Site]:
    """Postern as `make run` runs it, with its data in a folder that it makes; keyword arguments are settings."""
    folder.mkdir()
    port, mailbox_port, other_port = free_port(), free_port(), free_port()
    url = f"http://localhost:{port}"
    settings = {
        "DATABASE_URL": database_url(database),
        "SECRET_KEYS": KEYS,
        "DATA_DIR": str(folder),
        "BIND": f"127.0.0.1:{port}",
        "PUBLIC_URL": url,
        "SETUP_TOKEN": SETUP_TOKEN,
        "DEV_MAILBOX_PORT": str(mailbox_port),
        "EGRESS_PORTS": ",".join(str(number) for number in (25, mailbox_port, other_port)),
        **variables,
    }
    environ = {**os.environ, **{f"POSTERN_{name}": value for name, value in settings.items()}}
    written = folder.parent / f"{folder.name}.log"
    with written.open("wb") as log:
        process = await nest.postern("dev", environ=environ, stdout=log.fileno(), stderr=log.fileno())
    try:
        await until_ready(url, process, written)
        yield Site(url, database, mailbox_port, other_port)
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.send_signal(signal.SIGTERM)
        try:
            await asyncio.wait_for(process.wait(), 15)
        except TimeoutError:
            process.kill()
            await process.wait()
            raise
    said = written.read_text()
    assert "Traceback" not in said, said


async def until_ready(url: str, process: nest.Started, log: Path) -> None:
    """Wait until the server answers; fail with its log if it does not."""
    async with httpx2.AsyncClient(base_url=url.replace("localhost", "127.0.0.1"), timeout=2, verify=False) as client:
        for _ in range(START_SECONDS * 20):
            assert process.returncode is None, log.read_text()
            try:
                (await client.get("/readyz")).raise_for_status()
            except httpx2.HTTPError:
                await asyncio.sleep(0.05)
            else:
                return
    raise AssertionError(log.read_text())


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def chromium() -> AsyncIterator[Browser]:
    """Chromium without a window, started once: that takes longer than most of these tests."""
    if CHROMIUM is None:
        pytest.skip("Chromium is not installed; on Debian: apt-get install chromium-headless-shell")
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        try:
            yield browser
        finally:
            await browser.close()


async def an_administrator(database: Database) -> str:
    """Create the first administrator, and return the token of a session of theirs."""
    now = datetime.now(UTC)
    person = NewPerson(username="root", email="root@example.org", display_name="", role=Role.ADMIN)
    async with connected(database):
        created = await create(person, actor=Actor("tests"), now=now, password_hash=await hash_of(PASSWORD))
        assert isinstance(created, Created), created
        async with transaction():
            return await enter(await User.get(id=created.user_id), Client("127.0.0.1", "tests"), now=now)


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
        # Playwright looks into the frame in which a letter is shown, where no script may run.
        looked_into = message.text.startswith("Blocked script execution") and "/preview?" in message.text
        if message.type in {"error", "warning"} and not expected_status and not looked_into:
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

    async def become_administrator(self) -> None:
        """Become the first administrator, by the link on the console."""
        await self.go(f"/setup?token={SETUP_TOKEN}")
        await self.page.get_by_label("Username").fill("root")
        await self.page.get_by_label("Your mail address").fill("root@example.org")
        await self.page.get_by_label("Password", exact=True).fill(PASSWORD)
        await self.page.get_by_role("button", name="Become the administrator").click()
        await self.page.wait_for_url("**/mail-server?first=1")

    async def set_up(self) -> None:
        """Be where become_administrator() leads, without the way there, which need not be gone in each test."""
        token = await an_administrator(self.site.database)
        await self.page.context.add_cookies([{"name": SESSION.name, "value": token, "url": self.site.url}])
        await self.go("/mail-server?first=1")

    async def save(self) -> None:
        """Press Save, and wait for what this save says: what an earlier one said goes away only after a while."""
        await self.page.locator("#toasts").evaluate("toasts => toasts.replaceChildren()")
        await self.page.get_by_role("button", name="Save", exact=True).click()
        await expect(self.page.locator("#toasts")).to_contain_text(re.compile("saved", re.IGNORECASE))

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


@pytest_asyncio.fixture(loop_scope="session")
async def tabs(chromium: Browser, site: Site) -> AsyncIterator[Tabs]:
    """Browser profiles on the running site."""
    opened = Tabs(chromium, site)
    yield opened
    await asyncio.wait_for(opened.close(), 30)
