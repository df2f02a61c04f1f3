"""`postern bounces`: takes in mail that came back."""

import json
import sys
from collections.abc import AsyncIterator, Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import structlog
import typer

from webapp.cli.run import CommandFailed, with_database
from webapp.tools import Tools

if TYPE_CHECKING:
    from webapp.bounces.imap import Account
    from webapp.bounces.source import TakeIn, Taken
    from webapp.bounces.take_in import Outcome
    from webapp.settings import Settings

TRY_LATER: Final = 75
"""EX_TEMPFAIL of sysexits: a mail server that pipes a message here keeps it and tries again."""
_CHUNK: Final = 64 * 1024

log: Any = structlog.get_logger("postern.bounces")


def bounces(
    *,
    maildir: Annotated[
        Path | None, typer.Option(help="Take in what is new in this Maildir, and mark it as read.", show_default=False)
    ] = None,
    imap: Annotated[
        bool, typer.Option("--imap", help="Collect the mailbox that POSTERN_BOUNCES_IMAP_URL names.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Take in mail that came back: one message on standard input, a Maildir, or a mailbox by IMAP.

    A report (RFC 3464) is noted with its letter if it bears the letter's signature or Message-ID; if the address takes
    no mail, the person's page says so. Everything else is ignored, which is no failure. Safe to repeat.

    Exit status 1 if messages could not be taken in; with standard input 75, at which a mail server tries again later.
    """
    if maildir is not None and imap:
        raise typer.BadParameter("--maildir and --imap exclude each other.")
    if maildir is not None or imap:
        with_database(partial(_collect, maildir=maildir, as_json=as_json))
        return
    if sys.stdin.isatty():
        raise typer.BadParameter("give a message on standard input, or --maildir or --imap.")
    raw = _message()
    try:
        with_database(partial(_one, raw=raw, as_json=as_json))
    except SystemExit as end:
        raise SystemExit(TRY_LATER if end.code == 1 else end.code) from None
    except Exception:
        log.exception("a message could not be taken in")
        raise SystemExit(TRY_LATER) from None


async def _one(kit: Tools, *, raw: bytes, as_json: bool) -> None:
    from webapp.bounces.source import Taken

    _tell([Taken("standard input", await _take_in(kit)(raw))], as_json=as_json)


async def _collect(kit: Tools, *, maildir: Path | None, as_json: bool) -> None:
    from webapp.bounces.source import SourceFailed

    taken: list[Taken] = []
    try:
        async for each in _messages(kit, maildir):
            taken.append(each)  # noqa: PERF401 - what was taken in is told even if the next one fails
    except SourceFailed as error:
        raise CommandFailed(str(error)) from None
    finally:
        _tell(taken, as_json=as_json)


def _messages(kit: Tools, maildir: Path | None) -> "AsyncIterator[Taken]":
    if maildir is not None:
        from webapp.bounces.maildir import sweep

        return sweep(maildir, _take_in(kit))
    from webapp.bounces.imap import collect

    account = _account(kit.settings)
    return collect(account, _take_in(kit), egress=kit.egress, dial=kit.dial, lookup=kit.lookup)


def _account(settings: "Settings") -> "Account":
    from webapp.bounces.imap import account_of
    from webapp.smtp.certificate import is_readable

    if not is_readable(settings.bounces_imap_ca_certificate):
        raise CommandFailed("POSTERN_BOUNCES_IMAP_CA_CERTIFICATE holds no certificate in PEM.")
    try:
        return account_of(
            settings.bounces_imap_url.get_secret_value(),
            host=settings.bounces_imap_host,
            port=settings.bounces_imap_port,
            username=settings.bounces_imap_username,
            password=settings.bounces_imap_password.get_secret_value(),
            folder=settings.bounces_imap_folder,
            move_to=settings.bounces_imap_move_to,
            ca_certificate=settings.bounces_imap_ca_certificate,
        )
    except ValueError as error:
        raise CommandFailed(f"POSTERN_BOUNCES_IMAP_URL or its parts cannot be used: {error}") from None


def _take_in(kit: Tools) -> "TakeIn":
    from webapp.bounces.take_in import take_in
    from webapp.bounces.verp import Verp

    verp = Verp(kit.keys)

    async def handle(raw: bytes) -> "tuple[Outcome, ...]":
        return await take_in(raw, verp=verp, now=kit.clock())

    return handle


def _message() -> bytes:
    """The beginning of what stands on standard input; all of it is read, or the writer would take it for a failure."""
    from webapp.bounces.report import LONGEST

    raw = sys.stdin.buffer.read(LONGEST)
    while sys.stdin.buffer.read(_CHUNK):
        pass
    return raw


def _tell(taken: "list[Taken]", *, as_json: bool) -> None:
    rows = [{"message": each.name, **_row(outcome)} for each in taken for outcome in each.outcomes]
    if as_json:
        typer.echo(json.dumps(rows, ensure_ascii=False, indent=2))
        return
    for row in rows:
        typer.echo(f"{row['message']}: {_WORDS[row['outcome']](row)}")


_WORDS: Final[dict[str, Callable[[dict[str, Any]], str]]] = {
    "noted": lambda row: (
        f"letter {row['letter']} {row['action']} ({row['status'] or 'no status'})"
        + ("; the address is marked as undeliverable" if row["marked"] else "")
    ),
    "known": lambda row: f"letter {row['letter']}, noted before",
    "ignored": lambda row: f"ignored ({row['why'].replace('_', ' ')})",
}


def _row(outcome: "Outcome") -> dict[str, Any]:
    from webapp.bounces.take_in import Ignored, Known, Noted

    match outcome:
        case Noted(letter_id, action, status, marked):
            return {
                "outcome": "noted",
                "letter": letter_id,
                "action": action.value,
                "status": status,
                "marked": marked,
            }
        case Known(letter_id):
            return {"outcome": "known", "letter": letter_id}
        case Ignored(why, letter_id):
            return {"outcome": "ignored", "letter": letter_id, "why": why.value}
