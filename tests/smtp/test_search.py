"""Looking for settings that work, against real servers behind names and ports of the test's own."""

import asyncio
import contextlib
from collections.abc import Mapping, Sequence

import pytest

from tests.dns_server import SERVFAIL, SILENCE, name_server
from tests.network import Network
from tests.smtp_server import (
    Certificate,
    Reader,
    Tls,
    Writer,
    ca_pem,
    replies,
    scripted_server,
    smtp_server,
    tls_context,
)
from webapp.smtp.records import Answer, Ask, Kind, Missing, asker
from webapp.smtp.resolve import Egress
from webapp.smtp.search import (
    PORTS,
    Found,
    Origin,
    OutOfTime,
    Reach,
    Shut,
    Target,
    Unknown,
    Way,
    best,
    search,
    targets,
)
from webapp.smtp.server import Security

HOST = "mail.example.com"
TYPED = (Target(HOST, Origin.TYPED),)
CANARY = ("postern", "canary-of-the-smtp-password")


async def no_records(_name: str, _kind: Kind) -> Answer:
    return Missing.NO_NAME


def reach(network: Network, *, ask: Ask = no_records, egress: Egress | None = None) -> Reach:
    return Reach(
        egress or Egress(frozenset(PORTS)),
        network.dial,
        network.lookup,
        ask,
        ca_certificate=ca_pem(),
        patience_seconds=1,
    )


def behind(ports: Mapping[int, int], host: str = HOST) -> Network:
    return Network({(host, port): real for port, real in ports.items()})


async def found_with(
    network: Network, where: Sequence[Target] = TYPED, *, deadline_seconds: float = 15.0, egress: Egress | None = None
) -> list[Found]:
    return [each async for each in search(where, reach(network, egress=egress), deadline_seconds=deadline_seconds)]


def ways(found: Sequence[Found]) -> dict[tuple[int, str], tuple[str, ...]]:
    return {(each.port, each.security.value): each.mechanisms for each in found if isinstance(each, Way)}


def shut(found: Sequence[Found]) -> dict[int, str]:
    return {each.port: each.diagnosis.code for each in found if isinstance(each, Shut)}


async def test_every_port_is_tried_and_the_best_way_proposed() -> None:
    async with (
        smtp_server(tls=Tls.IMPLICIT, credentials=CANARY) as implicit,
        smtp_server(tls=Tls.STARTTLS, credentials=CANARY, auth_only_after_tls=True) as starttls,
        smtp_server() as plain,
    ):
        found = await found_with(behind({465: implicit.port, 587: starttls.port, 25: plain.port}))
        assert ways(found) == {
            (465, "tls"): ("LOGIN", "PLAIN"),
            (587, "starttls"): ("LOGIN", "PLAIN"),
            (25, "none"): (),
        }
        assert shut(found) == {2525: "connection_refused"}
        choice = best([each for each in found if isinstance(each, Way)])
        assert choice
        assert (choice.port, choice.security) == (465, Security.TLS)
        assert [*implicit.sign_ins, *starttls.sign_ins, *plain.sign_ins] == []


async def test_no_credential_is_sent_whatever_the_server_says() -> None:
    heard: list[str] = []
    tempting = replies({"EHLO": "250-mail.example.com\r\n250 AUTH PLAIN LOGIN CRAM-MD5 XOAUTH2"}, heard)
    async with (
        scripted_server(tempting) as plain,
        scripted_server(tempting, tls=tls_context()) as implicit,
    ):
        found = await found_with(behind({465: implicit.port, 587: plain.port, 25: plain.port, 2525: plain.port}))
    assert ways(found)[587, "none"] == ("PLAIN", "LOGIN", "CRAM-MD5", "XOAUTH2")
    assert heard
    assert {line.split()[0] for line in heard} == {"EHLO", "QUIT"}


@pytest.mark.parametrize("port", [587, 25, 2525])
async def test_tls_is_found_on_a_port_where_it_is_unusual(port: int) -> None:
    async with smtp_server(tls=Tls.IMPLICIT) as server:
        network = Network({(HOST, port): server.port})
        found = [
            each
            async for each in search(TYPED, reach(network), deadline_seconds=15)
            if isinstance(each, Way) and each.port == port
        ]
    assert [each.security for each in found] == [Security.TLS]


async def test_plain_text_is_found_on_the_port_of_tls() -> None:
    async with smtp_server(tls=Tls.STARTTLS) as server:
        found = await found_with(behind({465: server.port}))
    assert list(ways(found)) == [(465, "starttls")]


@pytest.mark.parametrize(
    ("certificate", "code"),
    [
        (Certificate.EXPIRED, "certificate_expired"),
        (Certificate.WRONG_NAME, "certificate_wrong_name"),
        (Certificate.SELF_SIGNED, "certificate_self_signed"),
    ],
)
async def test_a_certificate_that_is_not_trusted_is_said_and_ranks_last(certificate: Certificate, code: str) -> None:
    async with (
        smtp_server(tls=Tls.IMPLICIT, certificate=certificate, credentials=CANARY) as bad,
        smtp_server(tls=Tls.STARTTLS) as good,
    ):
        found = await found_with(behind({465: bad.port, 2525: good.port}))
    distrusted = [each for each in found if isinstance(each, Way) and each.distrust]
    assert [(each.port, each.distrust.code) for each in distrusted if each.distrust] == [(465, code)]
    choice = best([each for each in found if isinstance(each, Way)])
    assert choice
    assert choice.port == 2525


async def test_what_is_not_smtp_is_no_way() -> None:
    async def web(reader: Reader, writer: Writer) -> None:
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        await writer.drain()
        await reader.read()

    async with scripted_server(web) as server:
        found = await found_with(behind({25: server.port, 465: server.port}))
    assert not ways(found)
    assert shut(found)[25] == "not_smtp"


async def test_a_host_that_is_not_there_is_said_once() -> None:
    network = Network({})
    found = await found_with(network)
    assert [type(each) for each in found] == [Unknown]
    assert network.asked == [HOST]
    assert not network.dialled


async def test_the_egress_policy_holds_for_every_port_and_address() -> None:
    network = Network({(HOST, 25): 1}, hosts={HOST: ["169.254.169.254"]})
    found = await found_with(network)
    assert set(shut(found).values()) == {"host_not_allowed"}
    few = await found_with(behind({587: 1}), egress=Egress(frozenset({587})))
    assert shut(few) == {
        465: "port_not_allowed",
        25: "port_not_allowed",
        2525: "port_not_allowed",
        587: "connection_refused",
    }
    assert not network.dialled


async def test_a_name_is_looked_up_once_for_all_ports() -> None:
    async with smtp_server(tls=Tls.STARTTLS) as server:
        network = behind({587: server.port, 25: server.port})
        await found_with(network)
    assert network.asked == [HOST]


async def test_servers_that_never_answer_do_not_hold_the_search_up() -> None:
    async def silent(reader: Reader, _writer: Writer) -> None:
        await reader.read()

    async with scripted_server(silent) as mute, smtp_server(tls=Tls.IMPLICIT) as server:
        loop = asyncio.get_running_loop()
        begun = loop.time()
        network = behind({465: server.port, 587: mute.port, 25: mute.port, 2525: mute.port})
        found = await found_with(network, deadline_seconds=1.0)
        assert loop.time() - begun < 5
    assert isinstance(found[-1], OutOfTime) or set(shut(found)) == {587, 25, 2525}
    assert (465, "tls") in ways(found)


async def test_going_away_closes_every_connection() -> None:
    async def silent(reader: Reader, _writer: Writer) -> None:
        await reader.read()

    async with scripted_server(silent) as mute, smtp_server(tls=Tls.IMPLICIT) as server:
        looking = search(TYPED, reach(behind({465: server.port, 587: mute.port})))
        async with contextlib.aclosing(looking):
            first = await anext(looking)
            while not isinstance(first, Way):
                first = await anext(looking)
            assert not mute.closed.is_set()
        async with asyncio.timeout(5):
            await mute.closed.wait()


async def test_a_known_domain_leads_to_its_provider_alone() -> None:
    found = await targets("", "qq.com", ask=no_records)
    assert [(each.host, each.origin) for each in found] == [("smtp.qq.com", Origin.PROVIDER)]


async def test_a_typed_host_is_all_that_is_tried() -> None:
    assert await targets(HOST, "qq.com", ask=no_records) == TYPED


async def test_a_domain_leads_to_its_usual_names_and_its_exchangers_by_preference() -> None:
    zones = {"example.org": {"MX": ["20 b.example.net.", "10 a.example.net.", "30 c.example.net."]}}
    async with name_server(zones) as server:
        found = await targets("", "example.org", ask=server.ask())
    assert [each.host for each in found] == [
        "smtp.example.org",
        "mail.example.org",
        "example.org",
        "a.example.net",
        "b.example.net",
    ]


async def test_the_exchangers_tell_the_provider_of_a_domain() -> None:
    async with name_server({"example.org": {"MX": ["10 mxbiz1.qq.com.", "20 mxbiz2.qq.com."]}}) as server:
        found = await targets("", "example.org", ask=server.ask())
    assert [(each.host, each.origin.value) for each in found] == [
        ("smtp.exmail.qq.com", "provider"),
        ("smtp.example.org", "usual"),
        ("mail.example.org", "usual"),
        ("example.org", "usual"),
    ]


@pytest.mark.parametrize(
    "zone", [{"MX": ["0 ."]}, {"A": ["192.0.2.1"]}, SERVFAIL, SILENCE, {"MX": ["10 mail.example.org."]}]
)
async def test_without_exchangers_of_its_own_the_usual_names_remain(zone: Mapping[str, Sequence[str]] | str) -> None:
    async with name_server({"example.org": zone}) as server, asyncio.timeout(5):
        found = await targets("", "example.org", ask=server.ask(seconds=0.5))
    assert [each.host for each in found] == ["smtp.example.org", "mail.example.org", "example.org"]


async def test_a_name_server_that_is_not_there_does_not_stop_the_search() -> None:
    async with asyncio.timeout(5):
        found = await targets("", "bücher.example", ask=asker([("127.0.0.1", 9)], seconds=0.5))
    assert found[0].host == "smtp.bücher.example"
