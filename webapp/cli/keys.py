"""`postern keys`: the secret keys of this installation."""

import asyncio
import json
from typing import Annotated

import typer

from webapp.audit.record import COMMAND_LINE
from webapp.cli.run import CommandFailed, with_database
from webapp.crypto.keys import BadKeys, Keys, generate
from webapp.crypto.rotation import rotate as rotate_file
from webapp.crypto.vault import Vault
from webapp.mail_server.reseal import reseal
from webapp.tools import KEY_FILE, Tools
from webapp.webhooks.stored import reseal as reseal_webhook

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="The secret keys of this installation.")


@app.callback()
def keys() -> None:
    """The secret keys of this installation."""


@app.command()
def rotate(
    *,
    reseal_only: Annotated[
        bool, typer.Option("--reseal-only", help="Add no key; bring what is stored under the newest one.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Put a new key before the others, and encrypt stored passwords with the newest key.

    The older keys stay: links and sessions that people have go on working. With POSTERN_SECRET_KEYS the new key is
    printed: put it first there, restart every process, then run this with --reseal-only. Safe to repeat.
    """

    async def work(kit: Tools) -> None:
        if kit.settings.secret_keys.get_secret_value() and not reseal_only:
            _print_new(as_json=as_json)
            return
        vault = kit.vault if reseal_only else Vault(await _rotated(kit))
        action = "keys:resealed" if reseal_only else "keys:rotated"
        done = await reseal(vault, action, actor=COMMAND_LINE, now=kit.clock())
        lost = await reseal_webhook(vault)
        if as_json:
            typer.echo(json.dumps({"passwords": done.passwords, "unreadable": done.unreadable}))
        else:
            typer.echo(f"Stored passwords under the newest key: {done.passwords}.")
        if not reseal_only:
            text = "Restart Postern now: until then it does not know the new key. Then test the mail server again."
            typer.echo(text, err=True)
        if done.unreadable:
            raise CommandFailed(f"{done.unreadable} of the stored passwords can be opened by no key: type them again.")
        if lost:
            raise CommandFailed("the address of the alerts can be opened by no key: enter it again at /webhook.")

    with_database(work)


def _print_new(*, as_json: bool) -> None:
    key = generate()
    typer.echo(json.dumps({"new_key": key}) if as_json else key)
    text = (
        "Put this key and a comma before the others in POSTERN_SECRET_KEYS, for every process; restart them, "
        "then run `postern keys rotate --reseal-only`."
    )
    typer.echo(text, err=True)


async def _rotated(kit: Tools) -> Keys:
    try:
        return await asyncio.to_thread(rotate_file, kit.settings.data_dir / KEY_FILE)
    except BadKeys as error:
        raise CommandFailed(f"{error} POSTERN_DATA_DIR names its folder.") from None
