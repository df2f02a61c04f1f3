"""`postern doctor`: looks for what would keep Postern from working."""

import asyncio
import json
import os
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Final

import typer
from pydantic import SecretStr

from webapp.cli.run import CommandFailed, away, make_tools, read_settings
from webapp.crypto.keys import generate
from webapp.db.connect import BadDsn, connected, is_unavailable, parse_dsn
from webapp.db.migrate import MigrationFailed, pending
from webapp.mail_server.models import Slot
from webapp.mail_server.preset import check_preset
from webapp.ops import examination
from webapp.ops.examination import Finding, Grade
from webapp.settings import Settings
from webapp.text import Message, translator
from webapp.tools import KEY_FILE, Tools

COLUMN: Final = 13


def doctor(
    *,
    attack: Annotated[str, typer.Option(metavar="URL", help="Attack this installation at its address instead.")] = "",
    existing: Annotated[
        str, typer.Option("--as", metavar="NAME", help="An account that exists: it is sent a reset letter.")
    ] = "",
    throttle: Annotated[bool, typer.Option(help="Try sign-ins until they are refused.")] = True,
    i_may: Annotated[bool, typer.Option("--i-may", help="The address is an installation of mine.")] = False,
    ca: Annotated[
        Path | None, typer.Option("--ca", metavar="FILE", help="Certificates of an authority of your own.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Look for what would keep Postern from working, and say what to do. Nothing is changed.

    Each thing is ok, warn or wrong; if one is wrong, the exit status is 1.

    With --attack, harmless attacks are made on the running installation instead, over its own address: each is held,
    not held or not tried; if one is not held, the exit status is 1.
    """
    if attack:
        from webapp.cli.attack import attack as attack_with

        attack_with(attack, existing=existing, throttle=throttle, allowed=i_may, authority=ca, as_json=as_json)
        return
    if existing or i_may or ca or not throttle:
        raise typer.BadParameter("goes with --attack only", param_hint="--as, --i-may, --ca and --no-throttle")
    findings = asyncio.run(_examine())
    if as_json:
        rows = [{"check": each.check, "state": each.grade.value, "text": _shown(each.text)} for each in findings]
        typer.echo(json.dumps(rows, ensure_ascii=False, indent=2))
    else:
        for each in findings:
            typer.echo(f"{each.grade.value:<5} {each.check:<{COLUMN}} {_shown(each.text)}")
    if any(each.grade is Grade.WRONG for each in findings):
        raise SystemExit(1)


async def _examine() -> list[Finding]:
    try:
        settings = read_settings()
        for slot in Slot:
            check_preset(settings.preset(slot), slot)
    except (CommandFailed, ValueError) as error:
        return [Finding("settings", Grade.WRONG, str(error))]
    found = [Finding("settings", Grade.OK, "They can be read."), _public_url(settings), _folder(settings)]
    try:
        kit, keys = _tools(settings)
    except CommandFailed as error:
        return [*found, Finding("keys", Grade.WRONG, str(error))]
    found.append(keys)
    try:
        return [*found, *await _database(kit)]
    except Exception as error:
        if not is_unavailable(error):
            raise
        text = away(error)
        return [*found, Finding("database", Grade.WRONG, f"{text[0].upper()}{text[1:]}")]


def _public_url(settings: Settings) -> Finding:
    url = settings.public_url
    if settings.secure or settings.is_loopback:
        return Finding("public URL", Grade.OK, f"Links begin with {url}.")
    text = f"Passwords and links can be read on their way to {url}: set POSTERN_PUBLIC_URL to an https address."
    return Finding("public URL", Grade.WARN, text)


def _folder(settings: Settings) -> Finding:
    folder = settings.data_dir.absolute()
    there = next(each for each in (folder, *folder.parents) if each.exists())
    if there.is_dir() and os.access(there, os.W_OK | os.X_OK):
        return Finding("data folder", Grade.OK, f"{settings.data_dir} can be written to.")
    text = f"{settings.data_dir} cannot be written to; POSTERN_DATA_DIR names it."
    return Finding("data folder", Grade.WRONG, text)


def _tools(settings: Settings) -> tuple[Tools, Finding]:
    """The tools, and what there is to say of the keys. A key file that is not there is not made.

    Raises:
        CommandFailed: there are no tools to be had from these settings.
    """
    file = settings.data_dir / KEY_FILE
    if not (settings.secret_keys.get_secret_value() or file.exists() or _needs_given_keys(settings)):
        # With a key for this once everything else can be looked at.
        once = make_tools(settings.model_copy(update={"secret_keys": SecretStr(generate())}))
        text = f"There is no {file} yet: it is made at the first start."
        return replace(once, settings=settings), Finding("keys", Grade.WARN, text)
    return make_tools(settings), Finding("keys", Grade.OK, "They can be read.")


def _needs_given_keys(settings: Settings) -> bool:
    try:
        return parse_dsn(settings.dsn).engine == "postgres" and not settings.is_loopback
    except BadDsn:
        return False


async def _database(kit: Tools) -> list[Finding]:
    """What there is to say of the database and of what it holds."""
    path = kit.database.path
    if kit.database.engine == "sqlite" and not await asyncio.to_thread(path.exists):
        return [Finding("database", Grade.WARN, f"There is none at {path} yet: it is made at the first start.")]
    try:
        lacking = await pending(kit.database)
    except MigrationFailed as error:
        return [Finding("migrations", Grade.WRONG, str(error))]
    answers = Finding("database", Grade.OK, "It answers.")
    if lacking:
        text = f"{len(lacking)} are missing: run `postern migrate`, or start Postern."
        return [answers, Finding("migrations", Grade.WARN, text)]
    async with connected(kit.database):
        sound = await examination.integrity()
        return [
            answers,
            Finding("migrations", Grade.OK, "All are applied."),
            *([sound] if sound else []),
            await examination.administrator(),
            await examination.mail_server(kit.vault, kit.settings.preset()),
            *await examination.fallback_server(kit.vault, kit.settings.preset(Slot.FALLBACK)),
            await examination.worker(kit.clock()),
        ]


def _shown(text: str | Message) -> str:
    return translator("en").show(text) if isinstance(text, Message) else text
