"""`postern migrate`: brings the database up to date."""

import json
from typing import Annotated

import typer

from webapp.cli.run import explained, load
from webapp.db.migrate import migrate as apply


def migrate(*, as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False) -> None:
    """Bring the database up to date. Safe to run at any time, by several processes at once."""
    kit = load()

    async def run() -> None:
        applied = await apply(kit.database)
        if as_json:
            typer.echo(json.dumps({"applied": applied}))
            return
        for name in applied:
            typer.echo(f"applied {name}")
        if not applied:
            typer.echo("The database is up to date.")

    explained(run, kit.settings)
