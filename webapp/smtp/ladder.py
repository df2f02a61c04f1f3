"""The ladder: every stage of handing a letter to the mail server, one rung at a time.

This is the one code path that sends mail. The test shows the rungs; a delivery session takes the same steps.
"""

from collections.abc import AsyncGenerator, Iterable
from contextlib import aclosing
from email.message import EmailMessage
from typing import Final

from webapp.smtp.access_token import AccessTokens
from webapp.smtp.conversation import Conversation, Work
from webapp.smtp.envelope import mailbox
from webapp.smtp.opening import address, capabilities, connect, greeting
from webapp.smtp.reply import Reply
from webapp.smtp.resolve import Dial, Egress, Lookup, dial_tcp, look_up
from webapp.smtp.rung import Detail, Outcome, Rung, Step
from webapp.smtp.securing import tls
from webapp.smtp.server import MailServer, Security
from webapp.smtp.sign_in import sign_in
from webapp.smtp.transcript import Transcript
from webapp.smtp.transfer import Transfer
from webapp.smtp.wire import Deadline

__all__ = ["Detail", "Outcome", "Reply", "Rung", "Step", "climb", "opening_steps", "take_to_the_end", "transfer_steps"]

Steps = Iterable[tuple[Step, Work]]

DEADLINE_SECONDS: Final = 30.0
_ENDS: Final = frozenset({Outcome.FAILED, Outcome.UNKNOWN})


def opening_steps(server: MailServer) -> Steps:
    """From the look-up to the sign-in. With implicit TLS the handshake comes before the greeting."""
    begin = [(Step.GREETING, greeting), (Step.TLS, tls)]
    if server.security is Security.TLS:
        begin.reverse()
    return [
        (Step.ADDRESS, address),
        (Step.CONNECT, connect),
        *begin,
        (Step.CAPABILITIES, capabilities),
        (Step.SIGN_IN, sign_in),
    ]


def transfer_steps(transfer: Transfer) -> Steps:
    """The envelope and, if there is a letter, the letter."""
    steps: list[tuple[Step, Work]] = [(Step.SENDER, transfer.sender), (Step.RECIPIENT, transfer.recipient)]
    return [*steps, (Step.MESSAGE, transfer.message)] if transfer.letter is not None else steps


async def take_steps(talk: Conversation, steps: Steps) -> AsyncGenerator[Rung, None]:
    """Take one step after the other, and stop after the first that does not hold."""
    for step, work in steps:
        rung = await talk.take(step, work)
        yield rung
        if rung.outcome in _ENDS:
            return


async def take_to_the_end(talk: Conversation, steps: Steps) -> Rung:
    """Take one step after the other; the last rung reached. Raises ValueError without a step."""
    rung = None
    for step, work in steps:
        rung = await talk.take(step, work)
        if rung.outcome in _ENDS:
            break
    if rung is None:
        raise ValueError("there is no step to take")
    return rung


def _sender_like_letters(server: MailServer) -> str | None:
    """An envelope sender as letters have it where mail is to come back, so that a server which refuses such fails."""
    local, _, domain = server.bounce_address.rpartition("@")
    marked = f"{local}+a.{'a' * 16}@{domain}"
    return (marked if mailbox(marked) else server.bounce_address) or None


async def climb(  # noqa: PLR0913 - clock, dialler and the like come in as arguments
    server: MailServer,
    letter: EmailMessage | bytes | None,
    to: str | None,
    *,
    egress: Egress,
    dial: Dial = dial_tcp,
    lookup: Lookup = look_up,
    deadline_seconds: float = DEADLINE_SECONDS,
    transcript: Transcript | None = None,
    until: Step = Step.MESSAGE,
    tokens: AccessTokens | None = None,
) -> AsyncGenerator[Rung, None]:
    """Hand the letter to the mail server, yielding each rung the moment that it is done.

    A rung that failed, or whose outcome is unknown, is the last. Without a recipient the climb ends after the
    sign-in, without a letter after the recipient, and in any case after the step ``until``. Everything is over
    within ``deadline_seconds``, the answer to the final dot included. Closing the iterator, or cancelling the task
    that drives it, closes the socket at once.
    """
    talk = Conversation(
        server, egress, dial, Deadline(deadline_seconds), transcript or Transcript(), lookup, to or "", tokens
    )
    steps = list(opening_steps(server))
    if to is not None:
        sender = _sender_like_letters(server)
        transfer = Transfer(letter, to, talk.deadline.left, return_path=sender, pipelined=until is Step.MESSAGE)
        steps += transfer_steps(transfer)
    last = next((position for position, (step, _) in enumerate(steps) if step is until), len(steps) - 1)
    try:
        async with aclosing(take_steps(talk, steps[: last + 1])) as rungs:
            async for rung in rungs:
                yield rung
        await talk.goodbye()
    finally:
        talk.abort()
