"""The test is no port scanner (GHSA-vvxf-f8q9-86gh): what may be dialled, what is shown, how often, and who did it."""

import asyncio
import socket
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Final

import httpx2
import pytest

from tests.mail_server.filling import fields
from tests.served import Served, served
from tests.smtp_server import Reader, Writer, scripted_server, smtp_server
from tests.world import Browser
from webapp.audit.models import AuditEntry
from webapp.db.connect import Database
from webapp.routes import URLS
from webapp.smtp.resolve import dial_tcp

pytestmark = pytest.mark.one_engine  # what is refused is refused before the database is asked

PATH: Final = "/mail-server"
DIALLING: Final = [
    url.path for url in URLS if url.path in {f"{PATH}/tests", f"{PATH}/connections", f"{PATH}/searches"} and url.post
]
"""What makes Postern connect to what is on the screen."""

NEVER: Final = {
    "metadata": "169.254.169.254",
    "link-local": "169.254.0.1",
    "metadata mapped": "::ffff:169.254.169.254",
    "metadata mapped in hexadecimal": "::ffff:a9fe:a9fe",
    "metadata compatible": "::169.254.169.254",
    "metadata by NAT64": "64:ff9b::169.254.169.254",
    "metadata by 6to4": "2002:a9fe:a9fe::1",
    "metadata as a number": "2852039166",
    "metadata in hexadecimal": "0xa9fea9fe",
    "metadata in octal": "0251.0376.0251.0376",
    "metadata in short": "169.254.43518",
    "metadata in brackets": "[::ffff:169.254.169.254]",
    "metadata with a dot": "169.254.169.254.",
    "metadata in other digits": "１６９.254.169.254",
    "metadata with another dot": "169。254。169。254",
    "metadata of Amazon": "fd00:ec2::254",
    "metadata of Alibaba": "100.100.100.200",
    "metadata of Azure": "168.63.129.16",
    "metadata of Oracle": "192.0.0.192",
    "link-local of IPv6": "fe80::1",
    "zone": "fe80::1%lo",
    "this host": "0.0.0.0",
    "this host in short": "0",
    "this host of IPv6": "::",
    "multicast": "224.0.0.1",
    "multicast of IPv6": "ff02::1",
    "broadcast": "255.255.255.255",
}
PRIVATE: Final = [
    "127.0.0.1",
    "127.1",
    "2130706433",
    "localhost",
    "LOCALHOST.",
    "::1",
    "::ffff:127.0.0.1",
    "10.0.0.1",
    "172.16.0.1",
    "192.168.0.1",
    "100.64.0.1",
    "fd12:3456::1",
]
STRANGERS: Final = {
    "ssh": b"SSH-2.0-OpenSSH_9.2p1 canary-banner\r\n",
    "http": b"HTTP/1.1 400 Bad Request\r\nServer: canary-banner\r\n\r\n",
    "redis": b"-ERR canary-banner\r\n",
    "mysql": b"J\x00\x00\x00\n8.0.36 canary-banner\x00\r\n",
    "ftp in the way of smtp": b"999 canary-banner\r\n",
    "json": b'{"name":"canary-banner"}\r\n',
    "no line end": b"canary-banner " * 5_000,
    "html": b"<html>canary-banner</html>\r\n",
    "three digits": b"123canary-banner\r\n",
}


class Dialled:
    """A dialler that notes where it went, and goes nowhere."""

    def __init__(self) -> None:
        self.targets: list[tuple[str, int]] = []
        self.real = False

    async def __call__(self, ip: str, port: int, timeout_seconds: float) -> socket.socket:
        self.targets.append((ip, port))
        if self.real:
            return await dial_tcp(ip, port, timeout_seconds)
        raise ConnectionRefusedError


@pytest.fixture
def dialled() -> Dialled:
    return Dialled()


@pytest.fixture
async def usual(db: Database, tmp_path: Path, dialled: Dialled) -> AsyncIterator[Served]:
    """An installation with the ports that it has by default."""
    ports = frozenset({25, 465, 587, 2465, 2525, 2587})
    async with served(db, tmp_path, dial=dialled, egress_ports=ports) as running:
        yield running


@pytest.fixture
async def public_only(db: Database, tmp_path: Path, dialled: Dialled) -> AsyncIterator[Served]:
    """An installation that may not reach into its own network."""
    async with served(db, tmp_path, dial=dialled, egress_private=False) as running:
        yield running


async def aim(browser: Browser, path: str, **changes: str) -> httpx2.Response:
    """Have Postern connect somewhere."""
    return await browser.htmx_post(path, {**fields(), "recipient": "a@example.org", **changes})


async def test_link_local_and_metadata_addresses_are_never_dialled(usual: Served, dialled: Dialled) -> None:
    root = await usual.signed_in()
    for path in DIALLING:
        for what, host in NEVER.items():
            await usual.world.wait(minutes=2)
            response = await aim(root, path, host=host, port="25")
            assert response.status_code in {200, 422}, (path, what)
            assert dialled.targets == [], (path, what)


async def test_saved_settings_are_judged_at_delivery_too(usual: Served, dialled: Dialled) -> None:
    root = await usual.signed_in()
    for host in ("169.254.169.254", "2852039166"):
        await root.post(PATH, fields(host=host, port="25"))
        await usual.world.wait(minutes=2)
        await aim(root, f"{PATH}/tests", host=host, port="25")
    assert dialled.targets == []


@pytest.mark.parametrize("port", ["22", "80", "443", "3306", "5432", "6379", "8000", "11211", "27017", "65535"])
async def test_ports_that_are_not_for_mail_are_not_dialled(usual: Served, dialled: Dialled, port: str) -> None:
    root = await usual.signed_in()
    for host in ("127.0.0.1", "192.0.2.1"):
        response = await aim(root, f"{PATH}/tests", host=host, port=port)
        assert f"Port {port} is not among the ports" in response.text
    assert [target for target in dialled.targets if target[1] == int(port)] == []


async def test_only_public_addresses_are_dialled_where_it_is_so_decided(public_only: Served, dialled: Dialled) -> None:
    root = await public_only.signed_in()
    for path in DIALLING:
        for host in PRIVATE:
            await public_only.world.wait(minutes=2)
            response = await aim(root, path, host=host)
            assert response.status_code in {200, 422}, (path, host)
            assert dialled.targets == [], (path, host)


async def test_what_is_dialled_is_the_address_that_was_judged(usual: Served, dialled: Dialled) -> None:
    """The name is looked up once: a name that changes its address after the judgement changes nothing."""
    root = await usual.signed_in()
    await aim(root, f"{PATH}/tests", host="localhost", port="25")
    assert dialled.targets
    assert {ip for ip, _ in dialled.targets} <= {"127.0.0.1", "::1"}


@pytest.mark.parametrize("kind", STRANGERS)
async def test_what_is_not_smtp_is_not_shown(site: Served, kind: str) -> None:
    async def stranger(reader: Reader, writer: Writer) -> None:
        writer.write(STRANGERS[kind])
        await writer.drain()
        await reader.read(1_000)

    root = await site.signed_in()
    async with scripted_server(stranger) as server:
        form = {**fields(server, timeout_seconds="1"), "recipient": "a@example.org"}
        for post in (root.htmx_post, root.post):
            response = await post(f"{PATH}/tests", form)
            assert response.status_code == 200
            assert "canary-banner" not in response.text
    entries = [entry.details for entry in await AuditEntry.all()]
    assert "canary-banner" not in str(entries)


async def test_a_stranger_in_the_midst_of_smtp_is_not_shown_either(site: Served) -> None:
    async def turncoat(reader: Reader, writer: Writer) -> None:
        writer.write(b"220 mail.example.com ESMTP\r\n")
        await reader.readline()
        writer.write(b"root:x:0:0:canary-banner:/root\r\n" * 50)
        await writer.drain()
        await reader.read(1_000)

    root = await site.signed_in()
    async with scripted_server(turncoat) as server:
        response = await aim(root, f"{PATH}/tests", host=server.host, port=str(server.port), timeout_seconds="1")
    assert "canary-banner" not in response.text


async def test_thirty_tests_a_minute_and_no_more_also_at_once(usual: Served, dialled: Dialled) -> None:
    root = await usual.signed_in()
    second = usual.browser()
    await second.sign_in("root", "correct horse battery 1")
    tries = [
        aim(browser, f"{PATH}/tests", host="192.0.2.1", port="25") for browser in (root, second) for _ in range(20)
    ]
    answers = [answer.status_code for answer in await asyncio.gather(*tries)]
    assert (answers.count(200), answers.count(429)) == (30, 10)
    assert len(dialled.targets) == 30
    refused = await aim(root, f"{PATH}/tests", host="192.0.2.1", port="25")
    assert refused.headers["Retry-After"]
    usual.world.clock.advance(seconds=61)
    assert (await aim(root, f"{PATH}/tests", host="192.0.2.1", port="25")).status_code == 200


async def test_every_attempt_is_on_record_with_its_target(usual: Served, dialled: Dialled) -> None:
    root = await usual.signed_in()
    for path in DIALLING:
        before = await AuditEntry.all().count()
        await aim(root, path, host="192.0.2.7", port="2525")
        fresh = await AuditEntry.all().order_by("id").offset(before)
        assert any("192.0.2.7" in f"{entry.subject}{entry.details}" for entry in fresh), path
        assert all(entry.actor == "root" for entry in fresh)


async def test_going_away_at_once_does_not_hide_it(site: Served) -> None:
    root = await site.signed_in()
    reached = asyncio.Event()

    async def silent(reader: Reader, writer: Writer) -> None:
        reached.set()
        await reader.read()

    async with scripted_server(silent) as server:
        going = asyncio.create_task(aim(root, f"{PATH}/tests", host=server.host, port=str(server.port)))
        async with asyncio.timeout(10):
            await reached.wait()
        going.cancel()
        await asyncio.gather(going, return_exceptions=True)
        async with asyncio.timeout(10):
            await server.closed.wait()
    assert await AuditEntry.filter(action="mail_server:tested").count() == 1


async def test_a_form_that_is_refused_dials_nothing(usual: Served, dialled: Dialled) -> None:
    root = await usual.signed_in()
    for host in (
        "http://192.0.2.1",
        "192.0.2.1/path",
        "192.0.2.1:6379",
        "a@192.0.2.1",
        "192.0.2.1#",
        "192.0.2.1\\x",
        "",
    ):
        assert (await aim(root, f"{PATH}/tests", host=host)).status_code == 422
    assert dialled.targets == []


async def test_a_server_is_not_told_where_else_to_look(site: Served) -> None:
    """A reply that names another host (551, RFC 5321, 3.4) or announces a redirect leads nowhere."""
    root = await site.signed_in()
    async with (
        smtp_server() as other,
        smtp_server(replies={"RCPT": f"551 5.1.6 User not local; try <@127.0.0.1:{other.port}:a@b.c>"}) as server,
    ):
        await aim(root, f"{PATH}/tests", host=server.host, port=str(server.port))
        assert (server.connections, other.connections) == (1, 0)
