"""The composition root: from settings to a running application."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from typing import Final

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from webapp.audit.record import Actor, Subject
from webapp.banners import banners_for, mail_is_down
from webapp.brand.name import KnownName
from webapp.crew import Crew, create_worker
from webapp.crypto.passwords import Busy, Passwords
from webapp.crypto.throttle import Allowed, Limit, Throttle
from webapp.db import counters
from webapp.db.connect import connected
from webapp.mail_server.receipts.link import PATH as RECEIVED
from webapp.people.out_of_reach import record_attempt
from webapp.principal import Principal
from webapp.routes import navigation, path_of, routes
from webapp.sessions.session import Lifetime, look_up
from webapp.tools import Tools
from webapp.users.hash_sample import sample_of_hashes
from webapp.web.errors import Refusal, on_busy, on_http_exception, on_refusal
from webapp.web.headers import SecurityHeaders
from webapp.web.host import WellFormedHost
from webapp.web.measured import Measured
from webapp.web.origin import SameOriginOnly
from webapp.web.pages import Pages
from webapp.web.state import State
from webapp.web.visitor import Visitor

REFUSALS_RECORDED: Final = Limit("refused", 20, 3_600)
"""Refusals by role that are recorded of one person in an hour: nobody fills the audit by calling forbidden pages."""


def create_app(kit: Tools, *, worker: bool = False) -> Starlette:
    """The web application, and with ``worker`` the delivery of letters beside it in the same process."""
    settings = kit.settings

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[State]:
        async with AsyncExitStack() as stack:
            await stack.enter_async_context(connected(kit.database))
            passwords = Passwords(hashes=sample_of_hashes, key=kit.keys.derive("decoys")[0])
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
            Middleware(WellFormedHost),
            Middleware(SameOriginOnly, public_url=settings.public_url, open_to_all=(RECEIVED,)),
        ],
        exception_handlers={Refusal: on_refusal, HTTPException: on_http_exception, Busy: on_busy},
    )
    app.router.redirect_slashes = False
    return app


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

    async def authenticate(token: str) -> Principal | None:
        return await look_up(token, lifetime=Lifetime.of(await kit.policy()), now=kit.clock())

    async def nothing_more() -> None:
        """Guards ask more of those whom they have admitted."""

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
        policy=kit.policy,
        pages=Pages(
            navigation=navigation,
            banners_for=partial(banners_for, kit),
            name_of=KnownName(kit.clock),
            flash_keys=kit.keys.derive("flash")[::-1],
            secure=settings.secure,
            url=path_of,
            dev=settings.dev,
        ),
        authenticate=authenticate,
        wake=wake.set,
        mail_is_down=partial(mail_is_down, kit),
        setup_token=kit.setup_token,
        measurements=kit.measurements,
        principal=None,
        still_admitted=nothing_more,
        language="",
        chosen_language="",
        network="",
    )
