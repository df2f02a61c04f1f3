"""The steps that hand one letter over: sender, recipient, message (RFC 5321, 3.3)."""

import contextlib
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from email.message import EmailMessage
from functools import partial
from typing import Final

from webapp.smtp import mail_diagnoses as diagnoses
from webapp.smtp.conversation import Conversation
from webapp.smtp.diagnosis import Diagnosis
from webapp.smtp.envelope import Mailbox, hide_letter, mailbox, payload_of
from webapp.smtp.refusals import explain_reply
from webapp.smtp.reply import Reply
from webapp.smtp.rung import Detail, Finding, Step, failed, passed
from webapp.smtp.wire import WireError
from webapp.text import message

_QUEUE_IDS: Final = (
    re.compile(r"\bqueued(?: mail for delivery)?(?: as|:)? ?([0-9A-Za-z.@_<>-]{4,80})"),
    re.compile(r"\bid[=: ]+([0-9A-Za-z._-]{4,80})"),
    re.compile(r"^([0-9A-Za-z]{8,40}) Message accepted"),
    re.compile(r"^(?:OK|Ok)[: ]+([0-9A-Za-z._-]{8,80})"),
)
"""As Postfix, Exim, Sendmail, and Amazon SES or Gmail put it."""


@dataclass(slots=True)
class Transfer:
    """One letter on its way to one recipient."""

    letter: EmailMessage | bytes | None
    """None to stop before DATA, without announcing a size."""
    to: str
    dot_seconds: Callable[[], float]
    """How long the answer to the final dot may take, asked when it is sent."""
    return_path: str | None = None
    """The envelope sender, where it is not the server's sender address: what comes back goes there."""
    pipelined: bool = True
    """Say the commands up to DATA at once where the server offers that (RFC 2920)."""
    _payloads: dict[tuple[bool, bool], bytes] = field(default_factory=dict, init=False, repr=False)
    """The letter as bytes, by what the server can take: its size is asked for before it is sent."""

    async def sender(self, talk: Conversation) -> Finding:
        """MAIL. An internationalised address takes SMTPUTF8, which is used only then and only if offered."""
        sender, recipient = self._mailboxes(talk)
        if sender is None:
            return failed(talk.diagnose(diagnoses.SENDER_MALFORMED))
        if found := self._impossible(talk, sender, recipient):
            return failed(talk.diagnose(found))
        utf8 = sender.needs_utf8 or (recipient is not None and recipient.needs_utf8)
        command = b"MAIL FROM:" + sender.path + self._parameters(talk, utf8=utf8)
        if self.pipelined and self.letter is not None and recipient and talk.capabilities.offers("pipelining"):
            talk.wire.say_ahead([command, _rcpt(recipient), _DATA])
        reply = await talk.wire.say(command, talk.patience)
        if not reply.positive:
            return await _refused(talk, Step.SENDER, reply)
        return passed((message("Sender"), self.return_path or talk.server.sender_address), reply=reply)

    def _mailboxes(self, talk: Conversation) -> tuple[Mailbox | None, Mailbox | None]:
        return mailbox(self.return_path or talk.server.sender_address), mailbox(self.to)

    def _impossible(self, talk: Conversation, sender: Mailbox, recipient: Mailbox | None) -> Diagnosis | None:
        """What the server said beforehand that it cannot take."""
        if not talk.capabilities.offers("smtputf8"):
            if sender.needs_utf8:
                return diagnoses.UNICODE_SENDER_UNSUPPORTED
            if recipient is not None and recipient.needs_utf8:
                return diagnoses.UNICODE_RECIPIENT_UNSUPPORTED
        limit = talk.capabilities.size_limit
        if self.letter is not None and limit is not None and len(self._payload(talk, utf8=False)) > limit:
            return diagnoses.LETTER_TOO_LARGE
        return None

    def _parameters(self, talk: Conversation, *, utf8: bool) -> bytes:
        parameters = b" SMTPUTF8" if utf8 else b""
        if self.letter is None:
            return parameters
        payload = self._payload(talk, utf8=utf8)
        if talk.capabilities.offers("size"):
            parameters += b" SIZE=%d" % len(payload)
        if talk.capabilities.offers("8bitmime") and not payload.isascii():
            parameters += b" BODY=8BITMIME"
        return parameters

    def _payload(self, talk: Conversation, *, utf8: bool) -> bytes:
        if self.letter is None:
            return b""
        wanted = (talk.capabilities.offers("8bitmime"), utf8)
        if wanted not in self._payloads:
            self._payloads[wanted] = payload_of(self.letter, eight_bit=wanted[0], utf8=utf8)
        return self._payloads[wanted]

    async def recipient(self, talk: Conversation) -> Finding:
        """RCPT."""
        recipient = mailbox(self.to)
        if recipient is None:
            return failed(talk.diagnose(diagnoses.RECIPIENT_MALFORMED))
        reply = await talk.wire.say(_rcpt(recipient), talk.patience)
        if not reply.positive:
            return await _refused(talk, Step.RECIPIENT, reply)
        return passed((message("Recipient"), self.to), reply=reply)

    async def message(self, talk: Conversation) -> Finding:
        """DATA, and the answer to the final dot."""
        sender, recipient = self._mailboxes(talk)
        utf8 = any(one is not None and one.needs_utf8 for one in (sender, recipient))
        payload = self._payload(talk, utf8=utf8)
        reply, _ = await talk.wire.data(payload, talk.patience, self.dot_seconds(), partial(hide_letter, payload))
        if not reply.positive:
            return failed(talk.diagnose(explain_reply(Step.MESSAGE, reply, talk.server)), reply=reply)
        return passed(*_accepted(reply, len(payload)), reply=reply)


_DATA: Final = b"DATA"


def _rcpt(recipient: Mailbox) -> bytes:
    return b"RCPT TO:" + recipient.path


async def _refused(talk: Conversation, step: Step, reply: Reply) -> Finding:
    """The refusal, once the replies to what was said along with the refused command are heard."""
    with contextlib.suppress(WireError):
        await talk.wire.settle(talk.patience)
    return failed(talk.diagnose(explain_reply(step, reply, talk.server)), reply=reply)


def _accepted(reply: Reply, size: int) -> list[Detail]:
    details: list[Detail] = [(message("Size"), message("%(bytes)s bytes", bytes=size))]
    if found := queue_id(reply):
        details.append((message("Queue id"), found))
    return details


def queue_id(reply: Reply) -> str:
    """The server's own name for the letter, to look for in its log; empty if it gave none that is known to be one."""
    matches = (pattern.search(reply.text) for pattern in _QUEUE_IDS)
    return next((match[1] for match in matches if match), "")
