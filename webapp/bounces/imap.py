"""Taking messages from a mailbox by IMAP (RFC 3501), over TLS that is verified, never without."""

import asyncio
import contextlib
import imaplib
import re
import socket
import ssl
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final, TypeVar
from urllib.parse import unquote, urlsplit

from webapp.bounces.report import LONGEST
from webapp.bounces.source import SourceFailed, TakeIn, Taken
from webapp.smtp.certificate import trusting
from webapp.smtp.reply import printable
from webapp.smtp.resolve import Dial, Egress, Lookup, Unresolved, ascii_host, resolve
from webapp.smtp.server import Security

TIMEOUT_SECONDS: Final = 30.0
"""For the connection and for each answer."""
MOST: Final = 1_000
"""Messages that one run takes in; the others are the next one's."""
PORTS: Final = {Security.TLS: 993, Security.STARTTLS: 143}
_SCHEMES: Final = {"imaps": Security.TLS, "imap": Security.STARTTLS}
_NAME: Final = re.compile(r"[ -~]{1,200}")

ResultT = TypeVar("ResultT")


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """The mailbox, and how to get at it."""

    host: str
    port: int
    security: Security
    """TLS or STARTTLS."""
    username: str
    password: str = field(repr=False)
    folder: str = "INBOX"
    move_to: str = ""
    """The folder for messages that were taken in; empty: they stay, as read."""
    ca_certificate: str = ""
    """PEM; trusted besides the system's certificate authorities."""


def account_of(
    url: str,
    *,
    host: str = "",
    port: int | None = None,
    username: str = "",
    password: str = "",
    folder: str = "",
    move_to: str = "",
    ca_certificate: str = "",
) -> Account:
    """The account that a URL such as ``imaps://user:password@host:993/INBOX`` names; what else is given wins.

    ``imap://`` and port 143 mean STARTTLS.

    Raises:
        ValueError: something is missing or makes no sense; the text says what, and repeats no secret.
    """
    try:
        parts = urlsplit(url)
        given_port = port or parts.port
    except ValueError:
        raise ValueError("the URL cannot be read.") from None
    if url and parts.scheme not in _SCHEMES:
        raise ValueError("the URL must begin with imaps:// or imap://.")
    name = host or parts.hostname or ""
    user = username or unquote(parts.username or "")
    secret = password or unquote(parts.password or "")
    if not (ascii_host(name) and user and secret):
        raise ValueError("host, username and password are needed.")
    security = _SCHEMES.get(parts.scheme) or (
        Security.STARTTLS if given_port == PORTS[Security.STARTTLS] else Security.TLS
    )
    account = Account(
        host=name,
        port=given_port or PORTS[security],
        security=security,
        username=user,
        password=secret,
        folder=folder or unquote(parts.path.strip("/")) or "INBOX",
        move_to=move_to,
        ca_certificate=ca_certificate,
    )
    for text in (account.folder, account.move_to or "-"):
        if not _NAME.fullmatch(text):
            raise ValueError("the folder's name must be in ASCII, as the server itself writes it.")
    if any(character in user + secret for character in "\0\r\n"):
        raise ValueError("username and password must be single lines.")
    return account


async def collect(
    account: Account, take_in: TakeIn, *, egress: Egress, dial: Dial, lookup: Lookup
) -> AsyncIterator[Taken]:
    """Take in what is unread. Only what was taken in is marked as read, and moved if there is a folder for it.

    ``egress`` says which addresses may be dialled; its ports are not asked, since an operator has set this one.

    Raises:
        SourceFailed: the server cannot be reached, its certificate is not to be trusted, or it refuses.
    """
    sock = await _dialled(account, egress, dial, lookup)
    mailbox = await _answered(account, partial(_Mailbox, account, sock))
    try:
        for uid in await _answered(account, mailbox.unread):
            raw = await _answered(account, partial(mailbox.fetch, uid))
            if raw is None:
                continue  # deleted meanwhile
            outcomes = await take_in(raw)
            await _answered(account, partial(mailbox.settle, uid))
            yield Taken(uid, outcomes)
    finally:
        await asyncio.to_thread(mailbox.close)


async def _answered(account: Account, call: Callable[[], ResultT]) -> ResultT:
    """What the server answers; it is waited for in a thread.

    Raises:
        SourceFailed: it does not, or it refuses.
    """
    try:
        return await asyncio.to_thread(call)
    except ssl.SSLCertVerificationError as error:
        reason = f"its certificate is not to be trusted ({error.verify_message})"
    except TimeoutError:
        reason = "it does not answer"
    except (imaplib.IMAP4.error, OSError) as error:
        said = str(error).replace(account.password, "***")
        reason = printable(" ".join(said.split()), 300) or type(error).__name__
    raise SourceFailed(f"the mailbox at {account.host}:{account.port} cannot be used: {reason}.")


async def _dialled(account: Account, egress: Egress, dial: Dial, lookup: Lookup) -> socket.socket:
    where = f"{account.host}:{account.port}"
    found = await resolve(account.host, account.port, lookup)
    if isinstance(found, Unresolved):
        raise SourceFailed(f"the mailbox's host {account.host} has no address.")
    allowed = Egress(frozenset({account.port}), egress.private)
    reason = "it has no address"
    for address in found:
        if refusal := allowed.check(address, account.port):
            reason = str(refusal).rstrip(".")
            continue
        try:
            return await dial(address, account.port, TIMEOUT_SECONDS)
        except OSError as error:
            reason = error.strerror or "it does not answer"
    raise SourceFailed(f"the mailbox at {where} cannot be reached: {reason}.")


class _Connection(imaplib.IMAP4):
    """IMAP over a socket that is already there."""

    def __init__(self, host: str, port: int, sock: socket.socket) -> None:
        self._given = sock
        super().__init__(host, port, TIMEOUT_SECONDS)

    def _create_socket(self, timeout: float | None) -> socket.socket:  # noqa: ARG002 - the library's
        return self._given


class _Mailbox:
    """A folder that is open. Every method waits for the server.

    Raises what the library does: imaplib.IMAP4.error, OSError.
    """

    def __init__(self, account: Account, sock: socket.socket) -> None:
        self._move_to = account.move_to
        sock.settimeout(TIMEOUT_SECONDS)
        host = ascii_host(account.host) or account.host
        context = trusting(account.ca_certificate)
        try:
            if account.security is Security.TLS:
                sock = context.wrap_socket(sock, server_hostname=host)
            self._talk = _Connection(host, account.port, sock)
        except BaseException:
            sock.close()
            raise
        try:
            if account.security is Security.STARTTLS:
                self._talk.starttls(context)
            self._sign_in(account)
            self._said(self._talk.select(_quoted(account.folder)))
        except BaseException:
            self._hang_up()
            raise

    def unread(self) -> list[str]:
        """The UIDs of the first MOST messages that nobody has read."""
        data = self._said(self._talk.uid("SEARCH", "UNSEEN UNDELETED"))
        return [uid.decode("ascii") for uid in (data[0] or b"").split()[:MOST]]

    def fetch(self, uid: str) -> bytes | None:
        """The beginning of a message, which stays unread; None if it is gone."""
        data = self._said(self._talk.uid("FETCH", uid, f"(BODY.PEEK[]<0.{LONGEST}>)"))
        return next((bytes(part[1]) for part in data if isinstance(part, tuple)), None)

    def settle(self, uid: str) -> None:
        """Mark it as read, and move it if there is a folder for it (RFC 6851, or the long way of RFC 4315)."""
        self._said(self._talk.uid("STORE", uid, "+FLAGS.SILENT", r"(\Seen)"))
        if not self._move_to:
            return
        if "MOVE" in self._talk.capabilities:
            self._said(self._talk.uid("MOVE", uid, _quoted(self._move_to)))
            return
        self._said(self._talk.uid("COPY", uid, _quoted(self._move_to)))
        self._said(self._talk.uid("STORE", uid, "+FLAGS.SILENT", r"(\Deleted)"))
        if "UIDPLUS" in self._talk.capabilities:
            # Without a number it would also remove what somebody else has marked.
            self._said(self._talk.uid("EXPUNGE", uid))

    def close(self) -> None:
        """Say goodbye, as far as that still can be done."""
        try:
            self._talk.logout()
        except (imaplib.IMAP4.error, OSError):
            self._hang_up()

    def _hang_up(self) -> None:
        with contextlib.suppress(OSError):  # after a handshake that failed there is nothing left to close
            self._talk.shutdown()

    def _sign_in(self, account: Account) -> None:
        if "AUTH=PLAIN" in self._talk.capabilities:
            told = f"\0{account.username}\0{account.password}".encode()
            self._talk.authenticate("PLAIN", lambda _: told)
        else:
            self._talk.login(_quoted(account.username), account.password)
        # Many servers say only now what they can do.
        data = self._said(self._talk.capability())
        self._talk.capabilities = tuple((data[0] or b"").decode("ascii", "replace").upper().split())

    def _said(self, answer: tuple[str, list[Any]]) -> list[Any]:
        kind, data = answer
        if kind != "OK":
            raise self._talk.error(" ".join(repr(each) for each in data))
        return data


def _quoted(text: str) -> str:
    """As a quoted string (RFC 3501, 4.3)."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
