"""Delivery's side of the ladder: a session that hands over letter after letter, and a pool of such sessions.

A session takes the very steps of a test, so that a green test means that real mail goes the same way.
"""

import asyncio
from email.message import EmailMessage
from typing import Final

from webapp.smtp.access_token import AccessTokens
from webapp.smtp.conversation import Conversation
from webapp.smtp.ladder import DEADLINE_SECONDS, opening_steps, take_to_the_end, transfer_steps
from webapp.smtp.resolve import Dial, Egress, Lookup, dial_tcp, look_up
from webapp.smtp.rung import Outcome, Rung, Step
from webapp.smtp.server import MailServer
from webapp.smtp.transcript import Transcript
from webapp.smtp.transfer import Transfer
from webapp.smtp.wire import Deadline, WireError

FINAL_DOT_SECONDS: Final = 600.0
"""What RFC 5321, 4.5.3.2.6 asks a client to wait for the answer to the final dot."""

FRESH_SECONDS: Final = 2.0
"""A session that has been silent for no longer than this is taken to be alive."""

REFRESH_SECONDS: Final = 5.0
"""How long an idle server may take to show that it is still there."""


class Session:
    """A signed-in connection. One letter at a time; not for use by several tasks at once."""

    def __init__(self, talk: Conversation, final_dot_seconds: float) -> None:
        self._talk = talk
        self._final_dot_seconds = final_dot_seconds
        self.letters = 0
        """Letters tried on this session so far."""
        self._clean = True
        """No envelope is open: none was begun, or its letter was accepted, or it was reset."""
        self._used_at = asyncio.get_running_loop().time()

    @classmethod
    async def open(
        cls,
        server: MailServer,
        *,
        egress: Egress,
        dial: Dial = dial_tcp,
        lookup: Lookup = look_up,
        deadline_seconds: float = DEADLINE_SECONDS,
        final_dot_seconds: float = FINAL_DOT_SECONDS,
        transcript: Transcript | None = None,
        tokens: AccessTokens | None = None,
    ) -> "Session | Rung":
        """Connect, secure and sign in within ``deadline_seconds``; the failed rung if that does not succeed."""
        deadline = Deadline(deadline_seconds)
        talk = Conversation(server, egress, dial, deadline, transcript or Transcript(most=0), lookup, tokens=tokens)
        try:
            last = await take_to_the_end(talk, opening_steps(server))
            if last.outcome is Outcome.FAILED:
                await talk.goodbye()
                return last
        except BaseException:
            talk.abort()
            raise
        return cls(talk, final_dot_seconds)

    @property
    def healthy(self) -> bool:
        """Whether another letter can be sent."""
        return self._talk.wire.at_rest

    async def send(
        self,
        letter: EmailMessage | bytes,
        to: str,
        *,
        return_path: str | None = None,
        deadline_seconds: float = DEADLINE_SECONDS,
    ) -> Rung:
        """Hand one letter over: the last rung reached, ``message`` if it was accepted.

        ``return_path`` is the envelope sender, where it is not the server's sender address.
        ``deadline_seconds`` is for all up to the letter; the answer to the final dot has its own, longer time,
        after which the outcome is ``unknown``. Cancelling closes the socket at once.
        """
        talk = self._talk
        talk.deadline = Deadline(deadline_seconds)
        talk.recipient = to
        try:
            if not self._clean:
                await self.refresh()
            self.letters += 1
            self._clean = False
            steps = transfer_steps(Transfer(letter, to, lambda: self._final_dot_seconds, return_path))
            last = await take_to_the_end(talk, steps)
            self._clean = last.outcome is Outcome.OK
            self._used_at = asyncio.get_running_loop().time()
            return last
        except BaseException:
            talk.abort()
            raise

    async def refresh(self, seconds: float = REFRESH_SECONDS) -> bool:
        """Forget the last letter's envelope (RSET). False if the server is gone, which it need not have announced."""
        if not self.healthy:
            return False
        try:
            reply = await self._talk.wire.say(b"RSET", min(seconds, self._talk.server.timeout_seconds))
        except WireError:
            return False
        if not reply.positive:
            self._talk.abort()
        self._clean = reply.positive
        return reply.positive

    async def ready(self, fresh_seconds: float = FRESH_SECONDS) -> bool:
        """Whether the server is there for another letter; asked of it only after a failure, or a while of silence."""
        silent = asyncio.get_running_loop().time() - self._used_at
        return self.healthy if self._clean and silent < fresh_seconds else await self.refresh()

    async def quit(self) -> None:
        """Say goodbye and close."""
        self._talk.deadline = Deadline(DEADLINE_SECONDS)
        await self._talk.goodbye()

    def abort(self) -> None:
        """Close the socket at once."""
        self._talk.abort()


class Pool:
    """Idle sessions, by the value of their mail server: changed settings never meet an old session.

    A session is retired after ``letters_per_session`` letters, or when it has been idle for ``idle_seconds``.
    """

    def __init__(
        self,
        *,
        egress: Egress,
        dial: Dial = dial_tcp,
        lookup: Lookup = look_up,
        letters_per_session: int = 100,
        idle_seconds: float = 30.0,
        final_dot_seconds: float = FINAL_DOT_SECONDS,
        tokens: AccessTokens | None = None,
    ) -> None:
        self._egress = egress
        self._dial = dial
        self._lookup = lookup
        self._tokens = tokens
        self._letters_per_session = letters_per_session
        self._idle_seconds = idle_seconds
        self._final_dot_seconds = final_dot_seconds
        self._idle: dict[MailServer, list[tuple[Session, asyncio.TimerHandle]]] = {}
        self._leaving: set[asyncio.Task[None]] = set()
        self._closed = False
        self._opening = asyncio.Lock()
        self._failures = 0
        self._failure: tuple[MailServer, Rung] | None = None

    async def send(
        self,
        server: MailServer,
        letter: EmailMessage | bytes,
        to: str,
        *,
        return_path: str | None = None,
        deadline_seconds: float = DEADLINE_SECONDS,
    ) -> Rung:
        """Hand one letter over, on an idle session or a new one: the last rung reached.

        ``return_path`` is the envelope sender, where it is not the server's sender address.
        A session that died while it was idle, or ends at the beginning of a letter, is replaced once: nothing of the
        letter but its envelope has been said then.
        """
        session = await self._reuse(server)
        if session is not None:
            rung = await session.send(letter, to, return_path=return_path, deadline_seconds=deadline_seconds)
            await self._give_back(server, session)
            if session.healthy or rung.step is not Step.SENDER:
                return rung
        opened = await self._open(server, deadline_seconds)
        if isinstance(opened, Rung):
            return opened
        rung = await opened.send(letter, to, return_path=return_path, deadline_seconds=deadline_seconds)
        await self._give_back(server, opened)
        return rung

    async def _reuse(self, server: MailServer) -> Session | None:
        """An idle session that is still alive."""
        while session := self._take(server):
            if await session.ready():
                return session
            session.abort()
        return None

    async def _open(self, server: MailServer, deadline_seconds: float) -> "Session | Rung":
        """A new session. One is opened at a time, and whoever waited while that failed shares the failure.

        So a password that is refused is shown to the server once, not once by each letter in flight.
        """
        before = self._failures
        async with self._opening:
            if self._failures != before and self._failure is not None and self._failure[0] == server:
                return self._failure[1]
            opened = await Session.open(
                server,
                egress=self._egress,
                dial=self._dial,
                lookup=self._lookup,
                deadline_seconds=deadline_seconds,
                final_dot_seconds=self._final_dot_seconds,
                tokens=self._tokens,
            )
            if isinstance(opened, Rung):
                self._failures += 1
                self._failure = (server, opened)
            return opened

    @property
    def idle(self) -> int:
        """How many sessions wait for a letter."""
        return sum(map(len, self._idle.values()))

    async def aclose(self) -> None:
        """Say goodbye on every idle session. Sessions in use are closed when their letter is done."""
        self._closed = True
        waiting = [entry for entries in self._idle.values() for entry in entries]
        self._idle.clear()
        for _, retirement in waiting:
            retirement.cancel()
        await asyncio.gather(*self._leaving, *(session.quit() for session, _ in waiting))

    def _take(self, server: MailServer) -> Session | None:
        entries = self._idle.get(server)
        if not entries:
            return None
        session, retirement = entries.pop()
        if not entries:
            del self._idle[server]
        retirement.cancel()
        return session

    async def _give_back(self, server: MailServer, session: Session) -> None:
        if self._closed or not session.healthy or session.letters >= self._letters_per_session:
            await session.quit()
            return
        retirement = asyncio.get_running_loop().call_later(self._idle_seconds, self._retire, server, session)
        self._idle.setdefault(server, []).append((session, retirement))

    def _retire(self, server: MailServer, session: Session) -> None:
        entries = [entry for entry in self._idle.pop(server, []) if entry[0] is not session]
        if entries:
            self._idle[server] = entries
        leaving = asyncio.create_task(session.quit())
        self._leaving.add(leaving)
        leaving.add_done_callback(self._leaving.discard)
