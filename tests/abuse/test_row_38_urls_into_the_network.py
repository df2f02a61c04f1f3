"""Webhook and OAuth URLs are no way into the network: the egress policy of SMTP, and redirects are not followed."""

import asyncio
import socket
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import httpx2
import pytest

from tests.abuse.test_row_20_port_scanner import NEVER, PRIVATE
from tests.mail_server.filling import fields
from tests.oauth_server import CLIENT_ID, CLIENT_SECRET, http, oauth_server
from tests.smtp_server import SmtpServer, smtp_server
from tests.webhook_server import webhook_server
from tests.webhooks.alerts import filled, keep
from tests.world import Browser, World, a_world
from webapp.audit.models import AuditEntry
from webapp.crew import create_caller
from webapp.db.connect import Database
from webapp.smtp.access_token import AccessTokens
from webapp.smtp.resolve import dial_tcp
from webapp.smtp.server import OAuth
from webapp.webhooks.event import Event
from webapp.webhooks.models import WebhookCall
from webapp.webhooks.tell import tell

pytestmark = pytest.mark.one_engine  # what is refused is refused before the database is asked

USUAL: Final = frozenset({25, 465, 587, 2465, 2525, 2587})
WAYS: Final = ("webhook", "oauth")


class Outside:
    """Names and connections of a test: notes what was asked and dialled, and lets through to the ports it was told."""

    def __init__(self) -> None:
        self.names: dict[str, list[Sequence[str]]] = {}
        """What a name leads to: each time that it is asked, the next of these."""
        self.asked: list[str] = []
        self.dialled: list[tuple[str, int]] = []
        self.open: set[int] = set()

    async def lookup(self, name: str, port: int) -> Sequence[str]:
        if name not in self.names:
            loop = asyncio.get_running_loop()
            found = await loop.getaddrinfo(name, port, type=socket.SOCK_STREAM, flags=socket.AI_NUMERICHOST)
            return [str(sockaddr[0]) for *_, sockaddr in found]
        self.asked.append(name)
        answers = self.names[name]
        return answers.pop(0) if len(answers) > 1 else answers[0]

    async def dial(self, ip: str, port: int, timeout_seconds: float) -> socket.socket:
        if port in self.open:
            return await dial_tcp(ip, port, timeout_seconds)
        self.dialled.append((ip, port))
        raise ConnectionRefusedError(111, "Connection refused")


@asynccontextmanager
async def installation(db: Database, folder: Path, outside: Outside, **settings: Any) -> AsyncIterator[World]:
    async with a_world(db, folder, **{"egress_ports": USUAL | outside.open, **settings}) as world:
        kit = world.kit
        tokens = AccessTokens(egress=kit.egress, dial=outside.dial, lookup=outside.lookup, clock=kit.clock)
        kit = replace(kit, dial=outside.dial, lookup=outside.lookup, tokens=tokens)
        made = World(kit, world.clock, world.passwords)
        try:
            yield made
        finally:
            await made.close()


@pytest.fixture
def outside() -> Outside:
    return Outside()


@pytest.fixture
async def mail(outside: Outside) -> AsyncIterator[SmtpServer]:
    """A mail server that wants a token, so that one is asked for."""
    async with smtp_server(credentials=("postern@example.org", "token"), mechanisms=["XOAUTH2"]) as server:
        outside.open.add(server.port)
        yield server


async def aim(world: World, root: Browser, way: str, mail: SmtpServer, url: str) -> httpx2.Response:
    """Have Postern ask this URL."""
    await world.wait(minutes=2)  # past the limits on how often one may try
    if way == "webhook":
        return await root.htmx_post("/webhook/tests", filled(url=url), shown="/webhook")
    by_token = {
        "auth": "xoauth2",
        "username": "postern@example.org",
        "oauth_grant": "client_credentials",
        "oauth_token_url": url,
        "oauth_client_id": CLIENT_ID,
        "oauth_client_secret": CLIENT_SECRET,
        "recipient": "a@example.org",
    }
    return await root.htmx_post("/mail-server/connections", {**fields(mail), **by_token}, shown="/mail-server")


def urls(host: str) -> list[str]:
    bare = host.strip("[]")
    written = f"[{bare}]" if ":" in bare else host
    return [f"https://{written}/latest/meta-data", f"http://{written}/", f"https://{written}:443/"]


@pytest.mark.parametrize("way", WAYS)
async def test_link_local_and_metadata_addresses_are_never_asked(
    db: Database, tmp_path: Path, outside: Outside, mail: SmtpServer, way: str
) -> None:
    async with installation(db, tmp_path, outside) as world:
        root = await world.admin()
        for what, host in NEVER.items():
            for url in urls(host):
                answer = await aim(world, root, way, mail, url)
                assert answer.status_code in {200, 422}, (what, url)
                assert outside.dialled == [], (what, url)


@pytest.mark.parametrize("way", WAYS)
async def test_a_name_that_leads_there_is_not_asked_either(
    db: Database, tmp_path: Path, outside: Outside, mail: SmtpServer, way: str
) -> None:
    async with installation(db, tmp_path, outside) as world:
        root = await world.admin()
        for number, address in enumerate(("169.254.169.254", "::ffff:169.254.169.254", "fd00:ec2::254", "0.0.0.0")):
            outside.names[f"h{number}.example.org"] = [[address]]
            answer = await aim(world, root, way, mail, f"https://h{number}.example.org/")
            assert "may not connect to" in answer.text
        assert outside.dialled == []
        outside.names["mixed.example.org"] = [["169.254.169.254", "198.51.100.7"]]
        await aim(world, root, way, mail, "https://mixed.example.org/")
        assert outside.dialled == [("198.51.100.7", 443)]


@pytest.mark.parametrize("way", WAYS)
async def test_only_public_addresses_where_it_is_so_decided(
    db: Database, tmp_path: Path, outside: Outside, mail: SmtpServer, way: str
) -> None:
    async with installation(db, tmp_path, outside, egress_private=False) as world:
        root = await world.admin()
        if way == "oauth":
            # The mail server itself is private here, so that no token would ever be asked for: ask for one directly.
            tokens, oauth = world.kit.tokens, OAuth(token_url="", client_id=CLIENT_ID, client_secret=CLIENT_SECRET)
            for number, host in enumerate(PRIVATE):
                outside.names[f"h{number}.example.org"] = [["10.0.0.1"]]
                for url in (*urls(host), f"https://h{number}.example.org/"):
                    await tokens.get(replace(oauth, token_url=url))
        else:
            for number, host in enumerate(PRIVATE):
                outside.names[f"h{number}.example.org"] = [["10.0.0.1"]]
                for url in (*urls(host), f"https://h{number}.example.org/"):
                    assert (await aim(world, root, way, mail, url)).status_code in {200, 422}
        assert outside.dialled == []


@pytest.mark.parametrize("way", WAYS)
async def test_ports_other_than_443_are_not_asked(
    db: Database, tmp_path: Path, outside: Outside, mail: SmtpServer, way: str
) -> None:
    async with installation(db, tmp_path, outside) as world:
        root = await world.admin()
        outside.names["public.example.org"] = [["198.51.100.7"]]
        outside.names["localhost"] = [["127.0.0.1"]]
        for port in (22, 25, 80, 587, 6379, 8443, 9200):
            for scheme in ("http", "https"):
                answer = await aim(world, root, way, mail, f"{scheme}://public.example.org:{port}/")
                assert answer.status_code == 422
        for port in (22, 80, 6379, 9200):
            for host in ("localhost", "127.0.0.1", "[::1]"):
                await aim(world, root, way, mail, f"http://{host}:{port}/")
        assert outside.dialled == []


@pytest.mark.parametrize("way", WAYS)
async def test_nothing_in_the_clear_to_a_localhost_that_is_elsewhere(
    db: Database, tmp_path: Path, outside: Outside, mail: SmtpServer, way: str
) -> None:
    outside.names["localhost"] = [["198.51.100.7"]]
    async with installation(db, tmp_path, outside) as world:
        await aim(world, await world.admin(), way, mail, "http://localhost:587/")
    assert outside.dialled == []


@pytest.mark.parametrize("way", WAYS)
async def test_what_is_dialled_is_the_address_that_was_judged(
    db: Database, tmp_path: Path, outside: Outside, mail: SmtpServer, way: str
) -> None:
    """A name that changes its address between check and connect changes nothing: it is asked once."""
    outside.names["rebinding.example.org"] = [["198.51.100.7"], ["169.254.169.254"]]
    async with installation(db, tmp_path, outside) as world:
        await aim(world, await world.admin(), way, mail, "https://rebinding.example.org/")
    assert outside.asked == ["rebinding.example.org"]
    assert outside.dialled == [("198.51.100.7", 443)]


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("way", WAYS)
async def test_redirects_are_not_followed(
    db: Database, tmp_path: Path, outside: Outside, mail: SmtpServer, way: str, status: int
) -> None:
    async with webhook_server() as inner:
        to = f"Location: {inner.url}"
        async with (
            webhook_server(status=status, headers=(to,)) as hook,
            oauth_server(says=http(status, "", to)) as tokens,
        ):
            outside.open |= {hook.port, tokens.port, inner.port}
            async with installation(db, tmp_path, outside) as world:
                url = hook.url if way == "webhook" else tokens.url
                answer = await aim(world, await world.admin(), way, mail, url)
            assert answer.status_code == 200
            assert "does not follow" in answer.text or "follows no redirect" in answer.text
            assert len(hook.taken) + len(tokens.requests) == 1
        assert inner.taken == []


async def test_what_answers_is_not_shown(db: Database, tmp_path: Path, outside: Outside, mail: SmtpServer) -> None:
    said = ('{"errcode": 7, "errmsg": "canary-in-the-answer"}', "<h1>canary-in-the-answer</h1>", '{"secret": "canary"}')
    async with webhook_server(headers=("X-Canary: canary-in-the-answer",)) as hook:
        outside.open.add(hook.port)
        async with installation(db, tmp_path, outside) as world:
            root = await world.admin()
            for hook.status in (200, 404, 500):
                for hook.body in said:
                    for style in ("json", "dingtalk"):
                        await world.wait(minutes=2)
                        answer = await root.post("/webhook/tests", filled(hook, style=style))
                        assert "canary-in-the-answer" not in answer.text
            assert "canary-in-the-answer" not in (await root.get("/webhook")).text
            assert "canary" not in str([entry.details for entry in await AuditEntry.all()])


async def test_a_policy_that_was_tightened_holds_for_what_is_stored(
    db: Database, tmp_path: Path, outside: Outside
) -> None:
    async with webhook_server() as hook:
        outside.open.add(hook.port)
        async with installation(db, tmp_path, outside) as world:
            await keep(world, hook)
            await tell(Event.TEST, {}, now=world.clock())
        async with installation(db, tmp_path, outside, egress_private=False) as world:
            assert await create_caller(world.kit).once() == 1
        assert hook.taken == []
    assert (await WebhookCall.get()).trouble == "not_allowed"


async def test_every_attempt_is_on_record_and_counted(
    db: Database, tmp_path: Path, outside: Outside, mail: SmtpServer
) -> None:
    async with installation(db, tmp_path, outside) as world:
        root = await world.admin()
        url = "https://198.51.100.7/canary"
        codes = [(await root.post("/webhook/tests", filled(url=url))).status_code for _ in range(32)]
        assert (codes.count(200), codes.count(429)) == (30, 2)
        assert len(outside.dialled) == 30
        entries = await AuditEntry.filter(action="webhook:tested")
        assert {entry.subject for entry in entries} == {"https://198.51.100.7"}
        assert len(entries) == 30
