"""Sessions and the pool that delivery sends through."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from tests.smtp.climbing import ALICE, PASSWORD, anywhere, code_of, letter, mail_server
from tests.smtp_server import Reader, SmtpServer, Tls, Writer, replies, scripted_server, smtp_server
from webapp.smtp.ladder import Outcome, Rung, Step
from webapp.smtp.server import MailServer, Security
from webapp.smtp.session import Pool, Session


async def opened(server: MailServer, **options: float) -> Session:
    session = await Session.open(server, egress=anywhere(server), **options)  # type: ignore[arg-type]
    assert isinstance(session, Session)
    return session


@pytest.fixture
async def running() -> AsyncIterator[SmtpServer]:
    async with smtp_server(
        tls=Tls.STARTTLS, credentials=("alice", PASSWORD), refused={"no@example.com": "550 5.1.1 No"}
    ) as server:
        yield server


async def test_one_session_carries_many_letters(running: SmtpServer) -> None:
    session = await opened(mail_server(running, security=Security.STARTTLS, username="alice"))
    for number in range(3):
        rung = await session.send(letter(f"number {number}"), ALICE)
        assert (rung.step, rung.outcome) == (Step.MESSAGE, Outcome.OK)
    await session.quit()
    assert (running.connections, len(running.sign_ins), len(running.letters)) == (1, 1, 3)
    assert not session.healthy


async def test_a_refused_recipient_does_not_spoil_the_next_letter(running: SmtpServer) -> None:
    session = await opened(mail_server(running, security=Security.STARTTLS, username="alice"))
    refused = await session.send(letter(), "no@example.com")
    assert (refused.step, code_of(refused)) == (Step.RECIPIENT, "recipient_unknown")
    assert (await session.send(letter(), ALICE)).outcome is Outcome.OK
    await session.quit()
    assert [received.recipients for received in running.letters] == [[ALICE]]


async def test_a_session_that_cannot_be_opened_is_its_failed_rung() -> None:
    async with smtp_server(tls=Tls.STARTTLS, credentials=("alice", "another")) as server:
        settings = mail_server(server, security=Security.STARTTLS, username="alice")
        rung = await Session.open(settings, egress=anywhere(settings))
    assert isinstance(rung, Rung)
    assert (rung.step, code_of(rung)) == (Step.SIGN_IN, "credentials_refused")


async def test_the_final_dot_has_a_time_of_its_own() -> None:
    async with scripted_server(replies({"MESSAGE": ...})) as server:
        session = await opened(mail_server(server, timeout_seconds=60), final_dot_seconds=0.2)
        rung = await session.send(letter(), ALICE, deadline_seconds=60)
        assert not session.healthy
    assert (rung.step, rung.outcome, code_of(rung)) == (Step.MESSAGE, Outcome.UNKNOWN, "acceptance_unknown")


async def test_a_server_that_says_421_is_not_used_again() -> None:
    async with scripted_server(replies({"RCPT": "421 4.3.2 Shutting down"})) as server:
        session = await opened(mail_server(server))
        rung = await session.send(letter(), ALICE)
        assert (rung.outcome, session.healthy) == (Outcome.FAILED, False)
        session.abort()


async def test_a_session_that_died_fails_the_letter_it_is_given() -> None:
    async with scripted_server(replies({"RSET": None, "RCPT": "550 5.1.1 No such user"})) as server:
        session = await opened(mail_server(server))
        assert (await session.send(letter(), ALICE)).outcome is Outcome.FAILED
        rung = await session.send(letter(), ALICE)
    assert (rung.step, code_of(rung)) == (Step.SENDER, "disconnected")


async def test_a_letter_that_was_accepted_leaves_nothing_to_reset() -> None:
    heard: list[str] = []
    async with scripted_server(replies(heard=heard)) as server:
        session = await opened(mail_server(server))
        for _ in range(2):
            await session.send(letter(), ALICE)
        assert "RSET" not in heard
        assert await session.ready()
        await session.quit()
        assert not await session.ready()


async def test_a_session_that_was_silent_for_long_is_asked_whether_it_is_there() -> None:
    heard: list[str] = []
    async with scripted_server(replies(heard=heard)) as server:
        session = await opened(mail_server(server))
        await session.send(letter(), ALICE)
        assert await session.ready(fresh_seconds=0)
        await session.quit()
    assert heard.count("RSET") == 1


async def test_a_server_that_refuses_to_reset_is_left() -> None:
    async with scripted_server(replies({"RSET": "500 What?"})) as server:
        session = await opened(mail_server(server))
        await session.send(letter(), ALICE)
        assert not await session.refresh()
        assert not session.healthy
        assert not await session.refresh()


async def test_cancelling_a_letter_closes_the_socket() -> None:
    async with scripted_server(replies({"MESSAGE": ...})) as server:
        session = await opened(mail_server(server))
        task = asyncio.create_task(session.send(letter(), ALICE))
        await asyncio.sleep(0)
        while session.letters == 0:
            await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert not session.healthy


async def test_cancelling_the_opening_closes_the_socket() -> None:
    async with scripted_server(replies({"GREETING": ...})) as server:
        settings = mail_server(server)
        task = asyncio.create_task(Session.open(settings, egress=anywhere(settings)))
        async with asyncio.timeout(5):
            while not server.connections:
                await asyncio.sleep(0.001)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task


async def test_the_pool_reuses_a_session_until_it_carried_its_share(running: SmtpServer) -> None:
    settings = mail_server(running, security=Security.STARTTLS, username="alice")
    pool = Pool(egress=anywhere(settings), letters_per_session=2)
    for _ in range(5):
        assert (await pool.send(settings, letter(), ALICE)).outcome is Outcome.OK
    await pool.aclose()
    assert (running.connections, len(running.letters)) == (3, 5)


async def test_letters_at_once_get_sessions_of_their_own(running: SmtpServer) -> None:
    settings = mail_server(running, security=Security.STARTTLS, username="alice")
    pool = Pool(egress=anywhere(settings))
    for _ in range(2):
        rungs = await asyncio.gather(*(pool.send(settings, letter(), ALICE) for _ in range(3)))
        assert {rung.outcome for rung in rungs} == {Outcome.OK}
    await pool.aclose()
    assert (running.connections, len(running.letters)) == (3, 6)


async def test_changed_settings_never_meet_an_old_session(running: SmtpServer) -> None:
    pool = Pool(egress=anywhere(mail_server(running)))
    for sender in ("one@example.com", "two@example.com"):
        settings = mail_server(running, security=Security.STARTTLS, username="alice", sender_address=sender)
        assert (await pool.send(settings, letter(), ALICE)).outcome is Outcome.OK
    await pool.aclose()
    assert running.connections == 2


async def test_an_idle_session_is_closed_in_time(running: SmtpServer) -> None:
    settings = mail_server(running, security=Security.STARTTLS, username="alice")
    pool = Pool(egress=anywhere(settings), idle_seconds=0.05)
    await asyncio.gather(*(pool.send(settings, letter(), ALICE) for _ in range(2)))
    async with asyncio.timeout(5):
        while pool.idle:
            await asyncio.sleep(0.01)
    assert (await pool.send(settings, letter(), ALICE)).outcome is Outcome.OK
    await pool.aclose()
    assert running.connections == 3


async def test_a_session_that_died_idle_is_replaced_without_losing_the_letter() -> None:
    turns = iter((replies({"MAIL": ("250 2.1.0 Ok", None)}), replies()))

    async def one_letter_each(reader: Reader, writer: Writer) -> None:
        await next(turns)(reader, writer)

    async with scripted_server(one_letter_each) as server:
        settings = mail_server(server)
        pool = Pool(egress=anywhere(settings))
        for _ in range(2):
            assert (await pool.send(settings, letter(), ALICE)).outcome is Outcome.OK
        assert server.connections == 2
        await pool.aclose()


async def test_a_session_that_has_had_enough_letters_by_the_server_is_replaced() -> None:
    turns = iter((replies({"MAIL": ("250 2.1.0 Ok", "421 4.7.0 Too many letters here")}), replies()))

    async def one_letter_each(reader: Reader, writer: Writer) -> None:
        await next(turns)(reader, writer)

    async with scripted_server(one_letter_each) as server:
        settings = mail_server(server)
        pool = Pool(egress=anywhere(settings))
        for _ in range(2):
            assert (await pool.send(settings, letter(), ALICE)).outcome is Outcome.OK
        assert server.connections == 2
        await pool.aclose()


async def test_a_pool_that_is_closed_keeps_nothing(running: SmtpServer) -> None:
    settings = mail_server(running, security=Security.STARTTLS, username="alice")
    pool = Pool(egress=anywhere(settings))
    await pool.aclose()
    assert (await pool.send(settings, letter(), ALICE)).outcome is Outcome.OK
    assert pool.idle == 0


async def test_a_refused_password_is_shown_once_however_many_letters_wait() -> None:
    async with smtp_server(tls=Tls.STARTTLS, credentials=("alice", "another")) as server:
        settings = mail_server(server, security=Security.STARTTLS, username="alice")
        pool = Pool(egress=anywhere(settings))
        rungs = await asyncio.gather(*(pool.send(settings, letter(), ALICE) for _ in range(4)))
    assert {code_of(rung) for rung in rungs} == {"credentials_refused"}
    assert len(server.sign_ins) == 1
