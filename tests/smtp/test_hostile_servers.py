"""Servers that want to be a nuisance: bounded in memory and time, and never a way to read other services' banners."""

import asyncio
import tracemalloc

import pytest

from tests.smtp.climbing import code_of, last_rung, mail_server, rungs_of
from tests.smtp_server import Answer, replies, scripted_server
from webapp.smtp.ladder import Step
from webapp.smtp.transcript import LINES_LIMIT, Transcript

Reader = asyncio.StreamReader
Writer = asyncio.StreamWriter


async def _flood(reader: Reader, writer: Writer) -> None:
    for _ in range(160):
        writer.write(b"x" * 65_536)
        await writer.drain()


async def _endless_lines(reader: Reader, writer: Writer) -> None:
    while True:
        writer.write(b"220-welcome\r\n" * 1_000)
        await writer.drain()


async def _drip(reader: Reader, writer: Writer) -> None:
    for byte in b"220 a very slow server indeed, which takes its time over everything that it says\r\n" * 100:
        writer.write(bytes([byte]))
        await writer.drain()
        await asyncio.sleep(0.02)


@pytest.mark.parametrize(
    ("script", "code"), [(_flood, "not_smtp"), (_endless_lines, "not_smtp"), (_drip, "greeting_timed_out")]
)
async def test_a_greeting_without_end_is_bounded(script: object, code: str) -> None:
    async with scripted_server(script) as server:  # type: ignore[arg-type]
        settings = mail_server(server, timeout_seconds=1)
        tracemalloc.start()
        begun = asyncio.get_running_loop().time()
        rung = await last_rung(settings, deadline_seconds=2.0)
        took = asyncio.get_running_loop().time() - begun
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert (rung.step, code_of(rung)) == (Step.GREETING, code)
    assert took < 4
    assert peak < 8_000_000


@pytest.mark.parametrize(
    "banner",
    [
        b"SSH-2.0-OpenSSH_9.2p1 internal-host\r\n",
        b"-ERR unknown command internal-host\r\n",
        b"HTTP/1.1 200 OK\r\nServer: internal-host\r\n\r\n",
        b"\x4a\x00\x00\x00\x0a8.0.36 internal-host\x00\r\n",
        b"999 internal-host\r\n",
        b"-22 internal-host\r\n",
        b"22 internal-host\r\n",
    ],
)
async def test_a_banner_that_is_not_smtp_is_never_shown(banner: bytes) -> None:
    transcript = Transcript()
    async with scripted_server(replies({"GREETING": banner})) as server:
        rungs = await rungs_of(mail_server(server, timeout_seconds=1), transcript=transcript)
    assert code_of(rungs[-1]) == "not_smtp"
    assert "internal-host" not in repr(rungs)
    assert "internal-host" not in transcript.text()


async def test_control_characters_and_bytes_that_are_not_text_are_made_harmless() -> None:
    async with scripted_server(
        replies({"RCPT": b"550 5.1.1 \x1b[31mred\x07 \xff\xfe \xe2\x80\xae reversed\r\n"})
    ) as server:
        rung = await last_rung(mail_server(server))
    assert rung.reply is not None
    assert rung.reply.enhanced == "5.1.1"
    assert rung.reply.text.replace("\ufffd", "").isprintable()


async def test_a_long_winded_server_fills_no_transcript() -> None:
    transcript = Transcript()
    long = "\r\n".join(["250-mail.example.com", *(f"250-X{number}" for number in range(900)), "250 HELP"])
    async with scripted_server(replies({"EHLO": long})) as server:
        await rungs_of(mail_server(server), transcript=transcript)
    assert len(transcript.lines) <= LINES_LIMIT + 1


async def test_a_thousand_unasked_words_are_not_taken_for_answers() -> None:
    says: dict[str, Answer] = {"MAIL": b"250 2.1.0 Ok\r\n550 5.1.1 You did not ask\r\n", "RCPT": "250 2.1.5 Ok"}
    async with scripted_server(replies(says)) as server:
        rung = await last_rung(mail_server(server))
    assert rung.step in {Step.RECIPIENT, Step.MESSAGE}
