"""`postern purge`: deletes what is only history, now."""

import json
from typing import Annotated

import typer

from webapp.cli.run import CommandFailed, with_database
from webapp.crew import create_retention
from webapp.tools import Tools


def purge(*, as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False) -> None:
    """Delete history that is older than POSTERN_RETENTION_DAYS, as a running Postern does by itself every hour.

    Letters that still wait are never deleted.
    """

    async def work(kit: Tools) -> None:
        found = await create_retention(kit).once()
        if found is None:
            raise CommandFailed("another process is deleting history at this moment.")
        if as_json:
            typer.echo(json.dumps(found))
        else:
            typer.echo(", ".join(f"{name}: {count}" for name, count in found.items()))

    with_database(work)
