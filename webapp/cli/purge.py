"""`postern purge`: deletes what is only history, now."""

import json
from typing import Annotated

import typer

from webapp.audit.record import COMMAND_LINE, Deed, record
from webapp.cli.run import CommandFailed, with_database
from webapp.crew import create_retention
from webapp.db.connect import transaction
from webapp.tools import Tools


def purge(*, as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False) -> None:
    """Delete history that is older than POSTERN_RETENTION_DAYS, as a running Postern does by itself every hour.

    Letters that still wait are never deleted. Of the audit the oldest entries go, after POSTERN_AUDIT_DAYS and by whole
    days in UTC.
    """

    async def work(kit: Tools) -> None:
        found = await create_retention(kit, COMMAND_LINE).once()
        if found is None:
            raise CommandFailed("another process is deleting history at this moment.")
        details = {name: str(count) for name, count in found.items() if count}
        async with transaction():
            await record(COMMAND_LINE, Deed("history:purged", details=details), now=kit.clock())
        if as_json:
            typer.echo(json.dumps(found))
        else:
            typer.echo(", ".join(f"{name}: {count}" for name, count in found.items()))

    with_database(work)
