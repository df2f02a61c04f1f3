"""The composition root: from settings to a running application."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from typing import Final

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from webapp.audit.record import Actor, Subject
from webapp.clock import Clock, utc_now
from webapp.crypto.keys import BadKeys, Keys, load_or_create
from webapp.crypto.links import Links
from webapp.crypto.passwords import Busy, Passwords
from webapp.crypto.throttle import Allowed, Limit, Throttle
from webapp.crypto.vault import Vault
from webapp.db import counters
from webapp.db.connect import Database, connected, parse_dsn
from webapp.delivery.samples.letter import KIND as SAMPLE
from webapp.delivery.samples.letter import sample
from webapp.delivery.standing import paused
from webapp.delivery.worker import Means, Worker
from webapp.dev_mailbox.mailbox import FOLDER
from webapp.mail_server import active as mail_server
from webapp.mail_server.receipts.link import PATH as RECEIVED
from webapp.outbox.kind import Kinds
from webapp.people.out_of_reach import record_attempt
from webapp.principal import Principal, Role
from webapp.recovery.drain import Drain, Limits
from webapp.recovery.letter import password_changed, reset_link
from webapp.routes import navigation, path_of, routes
from webapp.sessions.session import Lifetime, look_up
from webapp.settings import Settings
from webapp.smtp.access_token import AccessTokens
from webapp.smtp.records import Ask, ask_machine
from webapp.smtp.resolve import Dial, Egress, Lookup, dial_tcp
from webapp.smtp.resolve import look_up as look_up_host
from webapp.smtp.session import FINAL_DOT_SECONDS
from webapp.text import message
from webapp.web.errors import Refusal, on_busy, on_http_exception, on_refusal
from webapp.web.headers import SecurityHeaders
from webapp.web.measured import Measured, Measurements
from webapp.web.origin import SameOriginOnly
from webapp.web.pages import Banner, Pages
from webapp.web.state import State
from webapp.web.visitor import Visitor

KEY_FILE: Final = "secret-keys"
REFUSALS_RECORDED: Final = Limit("refused", 20, 3_600)
"""Refusals by role that are recorded of one person in an hour: nobody fills the audit by calling forbidden pages."""


@dataclass(frozen=True)
class Tools:
    """What web, worker and command line are made of, from one set of settings."""

    settings: Settings
    clock: Clock
    dial: Dial
    database: Database
    keys: Keys
    links: Links
    vault: Vault
    egress: Egress
    tokens: AccessTokens
    setup_token: str
    lookup: Lookup
    ask: Ask
    measurements: Measurements = field(default_factory=Measurements)


def tools(
    settings: Settings,
    *,
    clock: Clock = utc_now,
    dial: Dial = dial_tcp,
    lookup: Lookup = look_up_host,
    ask: Ask = ask_machine,
) -> Tools:
    """Read the keys, creating them at the first start, and make what depends on them.

    Raises:
        BadKeys: the keys are missing where they must be given, or cannot be read.
        BadDsn: DATABASE_URL cannot be understood.
    """
    database = parse_dsn(settings.dsn)
    given = settings.secret_keys.get_secret_value()
    if not given and database.engine == "postgres" and not settings.is_loopback:
        msg = "POSTERN_SECRET_KEYS must be set with PostgreSQL, the same for every process."
        raise BadKeys(msg)
    keys = Keys.parse(given) if given else load_or_create(settings.data_dir / KEY_FILE)
    # Where development has been, the commands may reach its mailbox as well as the pages.
    develops = settings.dev or (settings.data_dir / FOLDER).is_dir()
    ports = settings.egress_ports | ({settings.dev_mailbox_port} if develops else set())
    egress = Egress(ports=frozenset(ports), private=settings.egress_private)
    return Tools(
        settings=settings,
        clock=clock,
        dial=dial,
        database=database,
        keys=keys,
        links=Links(keys, clock),
        vault=Vault(keys),
        egress=egress,
        tokens=AccessTokens(egress=egress, dial=dial, lookup=lookup, clock=clock),
        setup_token=settings.setup_token.get_secret_value() or keys.derive("setup-token")[0].hex(),
        lookup=lookup,
        ask=ask,
    )


def create_app(kit: Tools, *, worker: bool = False) -> Starlette:
    """The web application, and with ``worker`` the delivery of letters beside it in the same process."""
    settings = kit.settings

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[State]:
        async with AsyncExitStack() as stack:
            await stack.enter_async_context(connected(kit.database))
            passwords = Passwords()
            stack.callback(passwords.close)
            wake = asyncio.Event()
            if worker:
                await stack.enter_async_context(_running(create_worker(kit, wake)))
            yield state_of(kit, passwords, wake)

    proxies = [Middleware(ProxyHeadersMiddleware, trusted_hosts=list(settings.trusted_proxies))]
    app = Starlette(
        routes=routes(dev=settings.dev),
        lifespan=lifespan,
        middleware=[
            *(proxies if settings.trusted_proxies else []),
            Middleware(Measured, measurements=kit.measurements),
            Middleware(SecurityHeaders, secure=settings.secure),
            Middleware(Visitor, secure=settings.secure),
            Middleware(SameOriginOnly, public_url=settings.public_url, open_to_all=(RECEIVED,)),
        ],
        exception_handlers={Refusal: on_refusal, HTTPException: on_http_exception, Busy: on_busy},
    )
    app.router.redirect_slashes = False
    return app


@dataclass(frozen=True, slots=True)
class Crew:
    """What works beside the pages: one that resolves the requests of the forgot page, one that sends letters."""

    drain: Drain
    worker: Worker

    async def run(self, stop: asyncio.Event) -> None:
        """Work until told to stop; then finish what was begun and give the rest back."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self.drain.run(stop))
            group.create_task(self.worker.run(stop))


def create_worker(kit: Tools, wake: asyncio.Event | None = None) -> Crew:
    """The workers; ``wake`` is set by whoever has put a letter into the outbox that shall go out at once."""
    settings = kit.settings
    wake = wake or asyncio.Event()
    limits = Limits(
        timedelta(seconds=settings.reset_repeat_seconds),
        settings.letters_per_recipient_per_hour,
        timedelta(minutes=settings.link_minutes),
    )
    return Crew(Drain(kit.vault, limits, kit.clock, wake.set), Worker(means_of(kit), wake))


def means_of(kit: Tools, *, final_dot_seconds: float = FINAL_DOT_SECONDS) -> Means:
    """What a worker of this installation works with."""
    return Means(
        kinds=letter_kinds(kit),
        vault=kit.vault,
        preset={name: value.get_secret_value() for name, value in kit.settings.mail_server.items()},
        egress=kit.egress,
        dial=kit.dial,
        clock=kit.clock,
        tokens=kit.tokens,
        letters_per_minute=kit.settings.letters_per_minute,
        final_dot_seconds=final_dot_seconds,
    )


def letter_kinds(kit: Tools) -> Kinds:
    """Every kind of letter that goes through the outbox, by name."""
    public_url, lifetime = kit.settings.public_url, timedelta(minutes=kit.settings.link_minutes)
    return {
        "reset_link": reset_link(kit.links, public_url=public_url, lifetime=lifetime, clock=kit.clock),
        "password_changed": password_changed(public_url=public_url),
        SAMPLE: sample(public_url=public_url, lifetime=lifetime, forgot_path=path_of("forgot")),
    }


@asynccontextmanager
async def _running(crew: Crew) -> AsyncIterator[None]:
    stop = asyncio.Event()
    work = asyncio.create_task(crew.run(stop))
    try:
        yield
    finally:
        stop.set()
        await work


def state_of(kit: Tools, passwords: Passwords, wake: asyncio.Event) -> State:
    """What the endpoints are given."""
    settings = kit.settings
    lifetime = Lifetime(timedelta(minutes=settings.session_idle_minutes), timedelta(hours=settings.session_hours))

    async def authenticate(token: str) -> Principal | None:
        return await look_up(token, lifetime=lifetime, now=kit.clock())

    throttle = Throttle(counters, kit.clock, kit.keys.derive("throttle")[0])

    async def refused(principal: Principal, network: str, path: str) -> None:
        if isinstance(await throttle.count(REFUSALS_RECORDED, str(principal.user_id)), Allowed):
            actor = Actor.signed_in(principal, network)
            await record_attempt(actor, Subject(path), principal.role, "open", now=kit.clock())

    return State(
        settings=settings,
        clock=kit.clock,
        links=kit.links,
        passwords=passwords,
        throttle=throttle,
        refused=refused,
        vault=kit.vault,
        egress=kit.egress,
        dial=kit.dial,
        lookup=kit.lookup,
        ask=kit.ask,
        tokens=kit.tokens,
        pages=Pages(
            navigation=navigation,
            banner_for=partial(_banner_for, kit),
            flash_keys=kit.keys.derive("flash")[::-1],
            secure=settings.secure,
            url=path_of,
            dev=settings.dev,
        ),
        authenticate=authenticate,
        wake=wake.set,
        setup_token=kit.setup_token,
        measurements=kit.measurements,
        principal=None,
        language="",
        network="",
    )


async def _banner_for(kit: Tools, principal: Principal) -> Banner | None:
    if principal.role is not Role.ADMIN:
        return None
    if await paused() is not None:
        return Banner(
            message("The mail server does not take letters at the moment. They wait, and none is lost."),
            "error",
            path_of("mail_log"),
            message("See what it says"),
        )
    preset = {name: value.get_secret_value() for name, value in kit.settings.mail_server.items()}
    text = _TROUBLES.get((await mail_server.health(kit.vault, preset)).state)
    return Banner(text, "warning", path_of("mail_server"), message("Go to the mail server")) if text else None


_TROUBLES: Final = {
    mail_server.State.NONE: message("No mail server is set up: nobody can get back in by mail."),
    mail_server.State.NOT_READY: message("The mail server cannot be used as it is set up: letters wait."),
    mail_server.State.UNTESTED: message("The mail server's settings were never tested."),
    mail_server.State.FAILED: message("The last test of the mail server failed."),
}
