"""The application as tests see it: people, and browsers that call it."""

import asyncio
import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, closing
from pathlib import Path
from typing import Any, Final

import httpx2
import pytest
from pydantic import SecretStr
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from tests.fakes import FakeClock
from webapp.app import create_app, state_of
from webapp.audit.record import Actor
from webapp.crypto.passwords import Passwords
from webapp.db.connect import Database, transaction
from webapp.principal import Role
from webapp.sessions.models import Session
from webapp.sessions.session import Client
from webapp.sessions.sign_in import enter
from webapp.settings import Settings
from webapp.tools import Tools, tools
from webapp.users.create import Created, NewPerson, create
from webapp.users.models import User
from webapp.web.cookies import SESSION

PUBLIC_URL: Final = "http://localhost:8000"
PASSWORD: Final = "correct horse battery 1"
KEYS: Final = "0123456789abcdef0123456789abcdef0123456789abcdef"

ALL_PORTS: Final = frozenset(range(1, 65_536))
"""Servers of tests listen anywhere. Validating so many, test by test, would take longer than many a test."""

LIGHT_KIB: Final = 1_024
"""What hashes of passwords take here: with as much memory as people's they would take a third of the whole run."""

_HASHES: Final[dict[tuple[str, int], str]] = {}


class World:
    """One installation: its tools, its clock and its people."""

    def __init__(self, kit: Tools, clock: FakeClock, passwords: Passwords, *, memory_kib: int = LIGHT_KIB) -> None:
        self.kit = kit
        self.clock = clock
        self.passwords = passwords
        self._memory_kib = memory_kib
        self.woken = asyncio.Event()
        self.state = state_of(kit, passwords, self.woken)
        self.app: ASGIApp = create_app(kit)
        self._browsers: list[Browser] = []

    def browser(self, *, address: str = "127.0.0.1", language: str = "en") -> "Browser":
        """A new browser without cookies, calling from ``address``."""
        browser = Browser(self, address, language)
        self._browsers.append(browser)
        return browser

    async def person(
        self,
        username: str,
        *,
        email: str | None = None,
        password: str | None = None,
        role: Role | str = Role.USER,
        display_name: str = "",
        must_change: bool = False,
    ) -> User:
        """Create a person."""
        created = await create(
            NewPerson(username=username, email=email or "", display_name=display_name, role=Role(role)),
            actor=Actor("tests"),
            now=self.clock(),
            password_hash=await hash_of(password, self._memory_kib) if password else None,
            must_change=must_change,
        )
        assert isinstance(created, Created), created
        return await User.get(id=created.user_id)

    async def admin(self, username: str = "root") -> "Browser":
        """A browser in which a new administrator is signed in."""
        await self.person(username, email=f"{username}@example.org", password=PASSWORD, role=Role.ADMIN)
        return await self.entered(username)

    async def entered(self, username: str) -> "Browser":
        """A browser in which this person is signed in, as if by password, which need not be verified in each test."""
        browser = self.browser()
        async with transaction():
            token = await enter(await User.get(username=username), Client("127.0.0.1", "tests"), now=self.clock())
        answer = Response()
        SESSION.write(answer, token, secure=self.kit.settings.secure)
        asked = httpx2.Request("POST", browser.client.base_url)
        browser.client.cookies.extract_cookies(httpx2.Response(303, headers=answer.raw_headers, request=asked))
        return browser

    async def wait(self, **by: float) -> None:
        """Let time pass; at its end everybody signed in types their password again, as changes ask for."""
        self.clock.advance(**by)
        await Session.all().update(re_authenticated_at=self.clock())

    async def close(self) -> None:
        """Close the browsers."""
        for browser in self._browsers:
            await browser.client.aclose()


async def hash_of(password: str, memory_kib: int = LIGHT_KIB) -> str:
    """The password's hash, which is made once a run."""
    key = (password, memory_kib)
    if key not in _HASHES:
        with closing(Passwords(memory_kib=memory_kib)) as passwords:
            _HASHES[key] = await passwords.hash(password)
    return _HASHES[key]


class Browser:
    """What a browser does: keeps cookies, says where a form came from, follows nothing by itself."""

    def __init__(self, world: World, address: str, language: str) -> None:
        async def app(scope: Scope, receive: Receive, send: Send) -> None:
            await world.app({**scope, "state": dict(world.state)}, receive, send)

        self.client = httpx2.AsyncClient(
            transport=httpx2.ASGITransport(app=app, client=(address, 40_000), raise_app_exceptions=False),
            base_url=world.kit.settings.public_url,
            headers={"Accept-Language": language, "Accept": "text/html"},
        )

    async def get(self, path: str, **headers: str) -> httpx2.Response:
        """Open a page; keyword arguments are headers, ``_`` standing for ``-``."""
        return await self.client.get(path, headers=_named(headers))

    async def post(
        self, path: str, fields: Mapping[str, Any] | None = None, *, files: Any = None, **headers: str
    ) -> httpx2.Response:
        """Send a form from one of our own pages, with files if there are any."""
        sent = {"Sec-Fetch-Site": "same-origin", **_named(headers)}
        return await self.client.post(path, data=dict(fields or {}), files=files, headers=sent)

    async def htmx_get(self, path: str, *, shown: str = "/", **headers: str) -> httpx2.Response:
        """What htmx gets for a part of the page whose URL is ``shown``."""
        return await self.get(path, **_htmx(self, shown), **headers)

    async def htmx_post(
        self, path: str, fields: Mapping[str, Any] | None = None, *, shown: str = "/", **headers: str
    ) -> httpx2.Response:
        """What htmx posts for a part of the page whose URL is ``shown``."""
        return await self.post(path, fields, **_htmx(self, shown), **headers)

    async def sign_in(self, identifier: str, password: str) -> httpx2.Response:
        """Sign in, and see that it worked."""
        response = await self.post("/sign-in", {"identifier": identifier, "password": password})
        assert response.status_code == 303, response.text
        return response

    @staticmethod
    def hidden(response: httpx2.Response, name: str) -> str:
        """The value of a hidden field in a page."""
        for tag in re.findall(r"<input[^>]*>", response.text):
            if f'name="{name}"' in tag:
                found = re.search(r'value="([^"]*)"', tag)
                return found.group(1) if found else ""
        message = f"no field {name} in the page"
        raise AssertionError(message)


def _named(headers: Mapping[str, str]) -> dict[str, str]:
    return {name.replace("_", "-"): value for name, value in headers.items()}


def _htmx(browser: Browser, shown: str) -> dict[str, str]:
    return {
        "HX_Request": "true",
        "HX_Request_Type": "partial",
        "HX_Current_URL": str(browser.client.base_url).rstrip("/") + shown,
    }


def settings_for(database: Database, data_dir: Path, **values: Any) -> Settings:
    """Settings that name this database."""
    return Settings(
        database_url=SecretStr(database_url(database)),
        data_dir=data_dir,
        **{"secret_keys": SecretStr(KEYS), "setup_token": SecretStr("t" * 24), **values},
    )


def database_url(database: Database) -> str:
    """The DSN of a test database."""
    if database.engine == "sqlite":
        return f"sqlite:///{database.path}"
    if database.host.startswith("/"):
        return (
            f"postgres://{database.user}:{database.password}@/{database.name}?host={database.host}&port={database.port}"
        )
    return f"postgres://{database.user}:{database.password}@{database.host}:{database.port}/{database.name}"


@asynccontextmanager
async def a_world(
    database: Database, data_dir: Path, *, memory_kib: int = LIGHT_KIB, **values: Any
) -> AsyncIterator[World]:
    """A world on a connected database; keyword arguments are settings. ``memory_kib``: what its hashes take."""
    clock = FakeClock()
    settings = settings_for(database, data_dir, **values)
    if "egress_ports" not in values:
        settings = settings.model_copy(update={"egress_ports": ALL_PORTS})
    kit = tools(settings, clock=clock)
    passwords = Passwords(memory_kib=memory_kib)
    world = World(kit, clock, passwords, memory_kib=memory_kib)
    try:
        yield world
    finally:
        await world.close()
        passwords.close()


@pytest.fixture
async def world(db: Database, tmp_path: Path) -> AsyncIterator[World]:
    """A world on a fresh database, once for each engine."""
    async with a_world(db, tmp_path) as made:
        yield made
