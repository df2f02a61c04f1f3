"""Commands that are said together (RFC 2920), and what becomes of a letter when one of them is refused."""

from collections.abc import Mapping

import pytest

from tests.smtp.climbing import ALICE, anywhere, code_of, last_rung, letter, mail_server, rungs_of
from tests.smtp_server import Answer, Reader, Writer, replies, scripted_server
from webapp.smtp.ladder import Outcome, Rung, Step, climb
from webapp.smtp.pipe import Pipe
from webapp.smtp.session import Session
from webapp.smtp.transcript import Transcript

PLAIN = "250-mail.example.com\r\n250-8BITMIME\r\n250 ENHANCEDSTATUSCODES"
PIPELINING = f"250-mail.example.com\r\n250-PIPELINING\r\n{PLAIN.partition(chr(10))[2]}"


async def climbed(answers: Mapping[str, Answer], ehlo: str) -> tuple[list[tuple[object, ...]], list[str]]:
    """The rungs without their times, and the transcript without the capabilities."""
    async with scripted_server(replies({"EHLO": ehlo, **answers})) as server:
        settings, said = mail_server(server), Transcript()
        rungs: list[tuple[object, ...]] = [
            (rung.step, rung.outcome, code_of(rung), rung.reply, rung.details)
            async for rung in climb(settings, letter(), ALICE, egress=anywhere(settings), transcript=said)
            if rung.step not in {Step.CONNECT, Step.CAPABILITIES}
        ]
    return rungs, [line for line in said.lines if not line.startswith(("*", "S: 250-"))]


@pytest.mark.parametrize(
    "answers",
    [
        {},
        {"MAIL": "550 5.7.1 Not you", "RCPT": "503 5.5.1 No", "DATA": "503 5.5.1 No"},
        {"RCPT": "550 5.1.1 No such user", "DATA": "554 5.5.1 No valid recipients"},
        {"MESSAGE": "554 5.6.0 Looks like spam"},
        {"MAIL": "421 4.3.2 Going down"},
    ],
)
async def test_what_is_found_is_the_same_with_and_without(answers: Mapping[str, Answer]) -> None:
    together, said_together = await climbed(answers, PIPELINING)
    apart, said_apart = await climbed(answers, PLAIN)
    assert together == apart
    # What was refused along with the refused command stands in the transcript too.
    assert [line for line in said_together if line in said_apart] == said_apart


async def test_sender_recipient_and_data_are_one_write() -> None:
    seen: list[bytes] = []

    async def listening(reader: Reader, writer: Writer) -> None:
        writer.write(b"220 mail.example.com\r\n")
        await reader.readline()
        writer.write(PIPELINING.encode() + b"\r\n")
        for _ in range(2):
            # Nothing is answered before all three are here.
            seen.extend([(await reader.readline()).split(None, 1)[0] for _ in range(3)])
            writer.write(b"250 Ok\r\n250 Ok\r\n354 Go")
            await writer.drain()
            writer.write(b" ahead\r\n")
            await reader.readuntil(b"\r\n.\r\n")
            writer.write(b"250 Ok\r\n")

    async with scripted_server(listening) as server:
        settings = mail_server(server)
        session = await Session.open(settings, egress=anywhere(settings))
        assert isinstance(session, Session)
        for _ in range(2):
            assert (await session.send(letter(), ALICE)).outcome is Outcome.OK
        session.abort()
    assert seen == [b"MAIL", b"RCPT", b"DATA"] * 2


@pytest.mark.parametrize("refused", ["MAIL", "RCPT"])
async def test_a_server_that_asks_for_the_letter_all_the_same_gets_an_empty_one(refused: str) -> None:
    heard: list[str] = []
    answers: dict[str, Answer] = {refused: "550 5.1.1 No such user", "MESSAGE": "554 5.5.1 No valid recipients"}
    async with scripted_server(replies({"EHLO": PIPELINING, **answers}, heard)) as server:
        settings = mail_server(server)
        session = await Session.open(settings, egress=anywhere(settings))
        assert isinstance(session, Session)
        rung = await session.send(letter(), ALICE)
        assert rung.outcome is Outcome.FAILED
        assert rung.step is (Step.SENDER if refused == "MAIL" else Step.RECIPIENT)
        assert session.healthy
        await session.quit()
    assert [line.split()[0] for line in heard] == ["EHLO", "MAIL", "RCPT", "DATA", ".", "QUIT"]


async def test_a_server_that_takes_the_empty_letter_is_left() -> None:
    async with scripted_server(replies({"EHLO": PIPELINING, "RCPT": "550 5.1.1 No such user"})) as server:
        settings = mail_server(server)
        session = await Session.open(settings, egress=anywhere(settings))
        assert isinstance(session, Session)
        assert code_of(await session.send(letter(), ALICE)) == "recipient_unknown"
        assert not session.healthy


@pytest.mark.parametrize("later", [None, "what is this"])
async def test_a_server_that_breaks_off_after_a_refusal_has_refused(later: str | None) -> None:
    async with scripted_server(replies({"EHLO": PIPELINING, "MAIL": "550 5.7.1 Not you", "RCPT": later})) as server:
        rung = await last_rung(mail_server(server))
    assert (rung.step, rung.reply and rung.reply.code) == (Step.SENDER, 550)


async def test_the_letter_after_a_refused_one_goes_out() -> None:
    answers = {"EHLO": PIPELINING, "RCPT": ("550 5.1.1 No", "250 Ok"), "DATA": ("554 5.5.1 No", "354 Go ahead")}
    heard: list[str] = []
    async with scripted_server(replies(answers, heard)) as server:
        settings = mail_server(server)
        session = await Session.open(settings, egress=anywhere(settings))
        assert isinstance(session, Session)
        assert (await session.send(letter(), ALICE)).outcome is Outcome.FAILED
        assert (await session.send(letter(), ALICE)).outcome is Outcome.OK
        await session.quit()
    assert heard.count("RSET") == 1


async def test_replies_that_arrived_count_although_the_server_is_gone() -> None:
    async def hasty(reader: Reader, writer: Writer) -> None:
        writer.write(b"220 mail.example.com\r\n")
        await reader.readline()
        writer.write(PIPELINING.encode() + b"\r\n")
        await reader.readuntil(b"DATA\r\n")
        writer.write(b"250 Ok\r\n550 5.1.1 No such user\r\n")

    async with scripted_server(hasty) as server:
        rung = await last_rung(mail_server(server))
    assert (rung.step, code_of(rung)) == (Step.RECIPIENT, "recipient_unknown")


async def test_a_server_that_talks_too_much_is_cut_off() -> None:
    async def babbling(reader: Reader, writer: Writer) -> None:
        writer.write(b"220 mail.example.com\r\n")
        await reader.readline()
        writer.write(PIPELINING.encode() + b"\r\n")
        await reader.readuntil(b"DATA\r\n")
        for _ in range(100):
            writer.write(b"250-" + 1_000 * b"x" + b"\r\n")
            await writer.drain()

    async with scripted_server(babbling) as server:
        rung = await last_rung(mail_server(server))
    assert (rung.step, rung.outcome) == (Step.SENDER, Outcome.FAILED)


async def test_a_reply_that_nobody_asked_for_is_nobodys() -> None:
    """Two replies to one command: the second is not taken for the reply to the next."""
    async with scripted_server(
        replies({"EHLO": PLAIN, "MAIL": "250 Ok\r\n250 Ok too", "RCPT": "550 5.1.1 No"})
    ) as server:
        rung = await last_rung(mail_server(server))
    assert (rung.step, code_of(rung)) == (Step.RECIPIENT, "recipient_unknown")


async def test_a_climb_that_ends_at_the_recipient_says_nothing_of_data() -> None:
    heard: list[str] = []
    async with scripted_server(replies({"EHLO": PIPELINING}, heard)) as server:
        rungs: list[Rung] = await rungs_of(mail_server(server), until=Step.RECIPIENT)
    assert rungs[-1].step is Step.RECIPIENT
    assert not any(line.startswith("DATA") for line in heard)


async def test_the_envelope_sender_can_be_another() -> None:
    heard: list[str] = []
    async with scripted_server(replies({"EHLO": PIPELINING}, heard)) as server:
        settings = mail_server(server)
        session = await Session.open(settings, egress=anywhere(settings))
        assert isinstance(session, Session)
        rung = await session.send(letter(), ALICE, return_path="bounces+1@example.org")
        assert rung.outcome is Outcome.OK
        await session.quit()
    assert any(line.startswith("MAIL FROM:<bounces+1@example.org>") for line in heard)


async def test_a_line_with_a_break_in_it_is_never_said() -> None:
    pipe = Pipe()
    with pytest.raises(ValueError, match="control character"):
        pipe.write_ahead([b"MAIL FROM:<a@b.test>", b"RCPT TO:<a@b.test>\r\nRCPT TO:<eve@b.test>"])
