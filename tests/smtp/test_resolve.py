"""Which addresses may be dialled, and what hosts are."""

import asyncio

import pytest

from tests.smtp_server import replies, scripted_server
from webapp.smtp.resolve import Egress, Unresolved, ascii_host, dial_tcp, is_loopback, resolve

OPEN = Egress(frozenset({25}), private=True)
PUBLIC_ONLY = Egress(frozenset({25}), private=False)

NEVER = [
    "0.0.0.0",
    "0.1.2.3",
    "169.254.169.254",
    "169.254.1.1",
    "100.100.100.200",
    "168.63.129.16",
    "192.0.0.192",
    "224.0.0.1",
    "255.255.255.255",
    "240.0.0.1",
    "::",
    "fe80::1",
    "fe80::1%eth0",
    "ff02::1",
    "fd00:ec2::254",
    "fd20:ce::254",
    "::ffff:169.254.169.254",
    "::169.254.169.254",
    "64:ff9b::a9fe:a9fe",
    "2002:a9fe:a9fe::1",
    "2001:0:a9fe:a9fe::1",
    "fe80::5efe:169.254.169.254",
    "2001:db8::5efe:169.254.169.254",
]
PRIVATE = [
    "127.0.0.1",
    "10.0.0.1",
    "172.16.0.1",
    "192.168.1.1",
    "100.64.0.1",
    "::1",
    "fd00::1",
    "::ffff:10.0.0.1",
    "64:ff9b::a00:1",
    "2002:a00:1::1",
    "::ffff:127.0.0.1",
]
PUBLIC = ["93.184.215.14", "2606:2800:220:1:248:1893:25c8:1946", "::ffff:93.184.215.14", "64:ff9b::5db8:d70e"]


@pytest.mark.parametrize("address", NEVER)
def test_link_local_metadata_and_multicast_are_closed_in_every_disguise(address: str) -> None:
    assert OPEN.check(address, 25) is not None
    assert PUBLIC_ONLY.check(address, 25) is not None


@pytest.mark.parametrize("address", PRIVATE)
def test_private_addresses_are_open_only_if_the_installation_says_so(address: str) -> None:
    assert OPEN.check(address, 25) is None
    refusal = PUBLIC_ONLY.check(address, 25)
    assert refusal is not None
    assert address in str(refusal)


@pytest.mark.parametrize("address", PUBLIC)
def test_public_addresses_are_open(address: str) -> None:
    assert PUBLIC_ONLY.check(address, 25) is None


@pytest.mark.parametrize("address", ["mail.example.com", "", "1.2.3", "0x7f.1"])
def test_what_is_not_an_address_is_refused(address: str) -> None:
    assert OPEN.check(address, 25) is not None


def test_a_port_outside_the_list_is_refused() -> None:
    refusal = OPEN.check("127.0.0.1", 22)
    assert refusal is not None
    assert "22" in str(refusal)


@pytest.mark.parametrize(
    ("written", "known"),
    [
        ("smtp.example.com", "smtp.example.com"),
        (" smtp.example.com. ", "smtp.example.com"),
        ("bücher.example", "xn--bcher-kva.example"),
        ("邮件.example", "xn--5nq051n.example"),
        ("localhost", "localhost"),
        ("mail_relay", "mail_relay"),
        ("127.0.0.1", "127.0.0.1"),
        ("[::1]", "::1"),
        ("a..b", None),
        ("a" * 64, None),
        ("ü" * 80, None),
        ("", None),
        (" ", None),
        ("a b", None),
        ("a/b", None),
        ("a\r\nb", None),
        ("user@host", None),
        ("a." * 130, None),
    ],
)
def test_a_host_is_known_to_dns_by_its_ascii_form(written: str, known: str | None) -> None:
    assert ascii_host(written) == known


async def test_an_address_resolves_to_itself() -> None:
    assert await resolve("127.0.0.1", 25) == ("127.0.0.1",)
    assert await resolve("[::1]", 25) == ("::1",)


@pytest.mark.parametrize("written", ["127.1", "2130706433", "0x7f000001"])
async def test_an_address_in_disguise_is_judged_by_what_is_dialled(written: str) -> None:
    found = await resolve(written, 25)
    assert found == ("127.0.0.1",) or isinstance(found, Unresolved)


async def test_a_host_without_addresses_is_unknown() -> None:
    async def lookup(name: str, port: int) -> list[str]:
        return []

    assert await resolve("smtp.example.com", 25, lookup) is Unresolved.UNKNOWN


async def test_a_name_that_the_system_cannot_encode_is_malformed() -> None:
    async def lookup(name: str, port: int) -> list[str]:
        raise UnicodeError

    assert await resolve("smtp.example.com", 25, lookup) is Unresolved.MALFORMED


@pytest.mark.parametrize(
    ("address", "here"),
    [
        ("127.0.0.1", True),
        ("127.8.9.1", True),
        ("::1", True),
        ("::ffff:127.0.0.1", True),
        ("10.0.0.1", False),
        ("::2", False),
    ],
)
def test_loopback_is_this_machine_only(address: str, here: bool) -> None:
    assert is_loopback(address) is here


async def test_a_dialled_socket_does_not_block() -> None:
    async with scripted_server(replies()) as server:
        with await dial_tcp(server.host, server.port, 5) as sock:
            assert not sock.getblocking()


async def test_a_dial_that_is_refused_raises() -> None:
    async with scripted_server(replies()) as server:
        port = server.port
    with pytest.raises(ConnectionRefusedError):
        await asyncio.wait_for(dial_tcp("127.0.0.1", port, 5), 10)
