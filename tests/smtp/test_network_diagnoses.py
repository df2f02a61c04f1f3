"""What is wrong before and around the conversation, on real sockets."""

import asyncio
import errno
import os
import socket
from collections.abc import Sequence

import pytest

from tests.ports import free_port
from tests.smtp.climbing import code_of, dial_instead, last_rung, mail_server, rungs_of, shown
from tests.smtp_server import HOST, Tls, replies, scripted_server, smtp_server
from webapp.smtp.ladder import Outcome, Step
from webapp.smtp.resolve import Dial, Lookup
from webapp.smtp.server import Security


def finds(*addresses: str) -> Lookup:
    """A name service that knows one host."""

    async def lookup(name: str, port: int) -> Sequence[str]:
        return addresses

    return lookup


def fails(error: OSError) -> Dial:
    """A dialler in a network that answers like this."""

    async def dial(ip: str, port: int, timeout_seconds: float) -> socket.socket:
        raise error

    return dial


@pytest.mark.parametrize(
    "host", ["", "smtp example.com", "https://smtp.example.com", "a" * 64 + ".example", "ex\u00adample..com", "a@b"]
)
async def test_a_host_that_cannot_be_one_is_said_to_be_malformed(host: str) -> None:
    rung = await last_rung(mail_server(host=host))
    assert (rung.step, code_of(rung)) == (Step.ADDRESS, "host_malformed")


@pytest.mark.parametrize(
    ("number", "code", "temporary"),
    [
        (socket.EAI_NONAME, "host_unknown", False),
        (socket.EAI_NODATA, "host_unknown", False),
        (socket.EAI_AGAIN, "host_lookup_failed", True),
        (socket.EAI_FAIL, "host_lookup_failed", True),
    ],
)
async def test_an_unknown_host_is_told_apart_from_a_silent_name_service(
    number: int, code: str, temporary: bool
) -> None:
    async def lookup(name: str, port: int) -> Sequence[str]:
        raise socket.gaierror(number, "as the name service says")

    rung = await last_rung(mail_server(host="smtp.example.com"), lookup=lookup)
    assert (rung.step, code_of(rung)) == (Step.ADDRESS, code)
    assert rung.diagnosis is not None
    assert rung.diagnosis.temporary is temporary


async def test_a_name_service_that_never_answers_is_given_up() -> None:
    async def lookup(name: str, port: int) -> Sequence[str]:
        await asyncio.Event().wait()
        return ()

    rung = await last_rung(mail_server(host="smtp.example.com"), lookup=lookup, deadline_seconds=0.2)
    assert code_of(rung) == "host_lookup_failed"


async def test_a_broken_name_service_is_a_failed_look_up() -> None:
    async def lookup(name: str, port: int) -> Sequence[str]:
        raise OSError(errno.EMFILE, "too many open files")

    assert code_of(await last_rung(mail_server(host="smtp.example.com"), lookup=lookup)) == "host_lookup_failed"


async def test_the_real_name_service_knows_no_invalid_host() -> None:
    rung = await last_rung(mail_server(host="nowhere.invalid"))
    assert code_of(rung) in {"host_unknown", "host_lookup_failed"}  # the latter on a machine without one


async def test_a_port_where_nothing_listens_refuses() -> None:
    rung = await last_rung(mail_server(port=free_port()))
    assert (rung.step, code_of(rung)) == (Step.CONNECT, "connection_refused")
    assert shown(rung)["No answer"].startswith("127.0.0.1: 127.0.0.1 refused the connection")


@pytest.mark.parametrize(("port", "code"), [(587, "connect_timed_out"), (25, "port_25_blocked")])
async def test_silence_on_port_25_raises_the_question_whether_it_is_blocked(port: int, code: str) -> None:
    # A listener whose queue is full drops further connections, as a firewall does.
    with socket.socket() as full, socket.socket() as filler:
        full.bind((HOST, 0))
        full.listen(0)
        address = full.getsockname()
        filler.connect(address)
        fillers = [_knock(address) for _ in range(3)]
        try:
            settings = mail_server(port=port, timeout_seconds=1)
            rung = await last_rung(settings, dial=dial_instead(*address))
        finally:
            for one in fillers:
                one.close()
    assert (rung.step, code_of(rung)) == (Step.CONNECT, code)


def _knock(address: tuple[str, int]) -> socket.socket:
    sock = socket.socket()
    sock.settimeout(0)
    sock.connect_ex(address)
    return sock


@pytest.mark.parametrize(
    ("number", "code"),
    [
        (errno.ENETUNREACH, "no_route"),
        (errno.EHOSTUNREACH, "no_route"),
        (errno.EACCES, "connection_forbidden"),
        (errno.EPERM, "connection_forbidden"),
        (errno.ECONNRESET, "connection_reset"),
        (errno.ETIMEDOUT, "connect_timed_out"),
        (errno.EMFILE, "connection_failed"),
    ],
)
async def test_what_the_system_says_of_a_connection_is_explained(number: int, code: str) -> None:
    rung = await last_rung(mail_server(port=587), dial=fails(OSError(number, os.strerror(number))))
    assert (rung.step, code_of(rung)) == (Step.CONNECT, code)


async def test_every_address_is_tried_ipv6_first_and_each_is_accounted_for() -> None:
    async with smtp_server() as server:
        near = dial_instead(server.host, server.port)
        tried: list[str] = []

        async def dial(ip: str, port: int, timeout_seconds: float) -> socket.socket:
            tried.append(ip)
            if ip == "192.0.2.2":
                return await near(ip, port, timeout_seconds)
            raise OSError(errno.ENETUNREACH if ":" in ip else errno.ECONNREFUSED, "no")

        settings = mail_server(server, host="smtp.example.com")
        lookup = finds("192.0.2.1", "2001:db8::1", "192.0.2.2", "2001:db8::2", "192.0.2.1")
        rungs = await rungs_of(settings, lookup=lookup, dial=dial, to=None)
    assert tried == ["2001:db8::1", "2001:db8::2", "192.0.2.1", "192.0.2.2"]
    assert [str(value) for _, value in rungs[0].details] == tried
    assert rungs[1].outcome is Outcome.OK
    assert [str(label) for label, _ in rungs[1].details] == ["No answer"] * 3 + ["Answered"]


async def test_a_dead_address_leaves_time_for_the_next() -> None:
    given: list[float] = []

    async def dial(ip: str, port: int, timeout_seconds: float) -> socket.socket:
        given.append(timeout_seconds)
        raise TimeoutError

    lookup = finds("192.0.2.1", "192.0.2.2", "192.0.2.3")
    rung = await last_rung(
        mail_server(host="smtp.example.com", timeout_seconds=60), lookup=lookup, dial=dial, deadline_seconds=20.0
    )
    assert code_of(rung) == "port_25_blocked"
    assert [round(seconds) for seconds in given] == [5, 7, 10]


async def test_a_refusal_says_more_than_a_missing_route() -> None:
    async def dial(ip: str, port: int, timeout_seconds: float) -> socket.socket:
        raise OSError(errno.ENETUNREACH if ip == "192.0.2.2" else errno.ECONNREFUSED, "no")

    rung = await last_rung(mail_server(host="smtp.example.com"), lookup=finds("192.0.2.1", "192.0.2.2"), dial=dial)
    assert code_of(rung) == "connection_refused"


async def test_closed_addresses_are_left_out_and_named() -> None:
    async with smtp_server() as server:
        settings = mail_server(server, host="smtp.example.com")
        rungs = await rungs_of(settings, lookup=finds("169.254.169.254", server.host), to=None)
    assert rungs[1].outcome is Outcome.OK
    assert "169.254.169.254" in shown(rungs[0])["Not allowed"]


async def test_silence_after_the_connection_is_a_late_greeting() -> None:
    async with scripted_server(replies({"GREETING": ...})) as server:
        rung = await last_rung(mail_server(server, timeout_seconds=1))
    assert (rung.step, code_of(rung)) == (Step.GREETING, "greeting_timed_out")


@pytest.mark.parametrize("security", [Security.NONE, Security.STARTTLS])
async def test_plain_text_to_a_tls_port_is_recognised(security: Security) -> None:
    async with smtp_server(tls=Tls.IMPLICIT) as server:
        rung = await last_rung(mail_server(server, security=security, timeout_seconds=1))
    assert (rung.step, code_of(rung)) == (Step.GREETING, "tls_expected")
    assert rung.diagnosis is not None
    assert rung.diagnosis.field == "security"


async def test_a_server_that_hangs_up_without_a_word() -> None:
    async with scripted_server(replies({"GREETING": None})) as server:
        rung = await last_rung(mail_server(server))
    assert (rung.step, code_of(rung)) == (Step.GREETING, "greeting_disconnected")


@pytest.mark.parametrize(
    ("command", "step"),
    [
        ("EHLO", Step.CAPABILITIES),
        ("AUTH", Step.SIGN_IN),
        ("MAIL", Step.SENDER),
        ("RCPT", Step.RECIPIENT),
        ("DATA", Step.MESSAGE),
    ],
)
@pytest.mark.parametrize(
    ("answer", "code"), [(None, "disconnected"), (b"nonsense\r\n", "reply_garbled"), (b"999 hm\r\n", "reply_garbled")]
)
async def test_a_conversation_that_breaks_off_fails_where_it_did(
    command: str, step: Step, answer: bytes | None, code: str
) -> None:
    async with scripted_server(replies({command: answer})) as server:
        rung = await last_rung(mail_server(server, username="alice"))
    assert (rung.step, rung.outcome, code_of(rung)) == (step, Outcome.FAILED, code)
    assert rung.reply is None


@pytest.mark.parametrize(
    ("answer", "outcome", "code"),
    [
        (None, Outcome.UNKNOWN, "acceptance_unknown"),
        (b"nonsense\r\n", Outcome.FAILED, "reply_garbled"),
        (b"999 hm\r\n", Outcome.FAILED, "reply_garbled"),
    ],
)
async def test_a_conversation_that_ends_after_the_letter_leaves_open_whether_it_was_accepted(
    answer: bytes | None, outcome: Outcome, code: str
) -> None:
    async with scripted_server(replies({"MESSAGE": answer})) as server:
        rung = await last_rung(mail_server(server))
    assert (rung.step, rung.outcome, code_of(rung)) == (Step.MESSAGE, outcome, code)
    assert rung.reply is None


@pytest.mark.parametrize("command", ["EHLO", "AUTH", "MAIL", "RCPT", "DATA"])
async def test_a_server_that_stops_answering_is_given_up(command: str) -> None:
    async with scripted_server(replies({command: ...})) as server:
        rung = await last_rung(mail_server(server, username="alice"), deadline_seconds=0.3)
    assert code_of(rung) == "reply_timed_out"


async def test_a_connection_cut_in_the_middle_of_the_letter_is_a_failure() -> None:
    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 hi\r\n")
        for answer in (b"250 mail", b"250 ok", b"250 ok", b"354 go"):
            await reader.readline()
            writer.write(answer + b"\r\n")
        await reader.readexactly(10)

    async with scripted_server(script) as server:
        rung = await last_rung(mail_server(server), letter=b"Subject: long\r\n\r\n" + b"x" * 70 + b"\r\n" * 5_000_000)
    assert (rung.step, rung.outcome, code_of(rung)) == (Step.MESSAGE, Outcome.FAILED, "disconnected")
