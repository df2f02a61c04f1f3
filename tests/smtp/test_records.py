"""Asking the name service."""

import asyncio

import pytest

from tests.dns_server import REFUSED, SERVFAIL, SILENCE, Zones, name_server
from webapp.smtp.records import Kind, Memory, Missing, Records, Unanswered, asker

LONG = "v=DKIM1; p=" + "A" * 700
HUGE = "x" * 3_000


async def test_records_come_as_text() -> None:
    zones = {
        "example.org": {
            "MX": ["20 mx2.example.org.", "10 MX1.example.org."],
            "TXT": ["v=spf1 -all", LONG],
            "A": ["192.0.2.1"],
        },
        "1.2.0.192.in-addr.arpa": {"PTR": ["mail.example.org."]},
        "www.example.org": {"CNAME": ["example.org."]},
    }
    async with name_server(zones) as server:
        ask = server.ask()
        assert await ask("example.org", Kind.MX) == Records(("10 MX1.example.org", "20 mx2.example.org"))
        assert await ask("example.org.", Kind.TXT) == Records((LONG, "v=spf1 -all"))
        assert await ask("1.2.0.192.in-addr.arpa", Kind.PTR) == Records(("mail.example.org",))
        assert await ask("www.example.org", Kind.A) == Records(("192.0.2.1",))


async def test_what_is_too_long_for_a_datagram_comes_over_tcp() -> None:
    async with name_server({"example.org": {"TXT": [HUGE]}}) as server:
        assert await server.ask()("example.org", Kind.TXT) == Records((HUGE,))
        assert len(server.questions) == 2


async def test_missing_and_unanswered_are_told_apart() -> None:
    zones: Zones = {
        "here.example": {"A": ["192.0.2.1"]},
        "a.example": SERVFAIL,
        "b.example": REFUSED,
        "c.example": SILENCE,
    }
    async with name_server(zones) as server:
        ask = server.ask(seconds=0.2)
        assert await ask("here.example", Kind.TXT) is Missing.NO_RECORD
        assert await ask("example", Kind.TXT) is Missing.NO_RECORD
        assert await ask("gone.example", Kind.TXT) is Missing.NO_NAME
        assert await ask("a.example", Kind.TXT) is Unanswered.FAILED
        assert await ask("b.example", Kind.TXT) is Unanswered.FAILED
        assert await ask("c.example", Kind.TXT) is Unanswered.TIMEOUT


@pytest.mark.parametrize("name", ["", "a..b", "x" * 64 + ".example", "a." * 130 + "example", "\\999.example"])
async def test_a_name_that_cannot_be_does_not_exist(name: str) -> None:
    async with name_server({}) as server:
        assert await server.ask()(name, Kind.TXT) is Missing.NO_NAME


async def test_control_characters_are_replaced() -> None:
    async with name_server({"example.org": {"TXT": ["v=spf1\x00\x1b[31m\u202e -all"]}}) as server:
        found = await server.ask()("example.org", Kind.TXT)
    assert isinstance(found, Records)
    assert all(char.isprintable() for char in found.values[0])


async def test_nobody_listening_is_unanswered() -> None:
    async with name_server({}) as server:
        port = server.port
    assert await asker([("127.0.0.1", port)], seconds=0.3)("example.org", Kind.A) in set(Unanswered)


async def test_a_question_is_asked_once() -> None:
    async with name_server({"example.org": {"TXT": ["one"]}}) as server:
        ask = Memory(server.ask())
        names = ("example.org", "Example.ORG.", "example.org")
        answers = await asyncio.gather(*(ask(name, Kind.TXT) for name in names))
        assert set(answers) == {Records(("one",))}
        assert len(server.questions) == 1
