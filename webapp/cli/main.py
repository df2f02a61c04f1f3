"""The commands, gathered. A command's module is imported when the command runs, and not for `postern --help`."""

import signal
from dataclasses import dataclass
from importlib import import_module
from typing import Any, Final

import typer
from typer._click.exceptions import ClickException, NoArgsIsHelpError, UsageError
from typer.core import TyperGroup
from typer.main import get_command

from webapp.cli import LASTING


@dataclass(frozen=True, slots=True)
class Entry:
    """Where a command is, and what `postern --help` says of it. ``attribute`` is a function, or the app of a group."""

    module: str
    attribute: str
    help: str
    hidden: bool = False


COMMANDS: Final = {
    "serve": Entry("serve", "serve", "Serve the pages, and send letters in the same process."),
    "worker": Entry("serve", "worker", "Send letters only; any number of these may run."),
    "dev": Entry("serve", "dev", "Serve with everything a newcomer needs.", hidden=True),
    "migrate": Entry("migrate", "migrate", "Bring the database up to date."),
    "users": Entry("users", "app", "People: create and find them, see why they cannot get in."),
    "mail-server": Entry("mail_server", "app", "The mail server: show, set and test it."),
    "keys": Entry("keys", "app", "The secret keys of this installation."),
    "audit": Entry("audit", "app", "The record of who did what: whether it is as it was sealed."),
    "bounces": Entry("bounces", "bounces", "Take in mail that came back, and mark addresses that take none."),
    "purge": Entry("purge", "purge", "Delete what is older than the retention, now."),
    "backup": Entry("backup", "backup", "Write a copy of the database to a new file."),
    "doctor": Entry("doctor", "doctor", "Look for what would keep Postern from working, and say what to do."),
}


class Commands(TyperGroup):
    """The group of all commands, none of them imported before it is wanted."""

    def list_commands(self, ctx: Any) -> list[str]:  # noqa: ARG002 - typer's
        """The names, in the order in which the help shows them."""
        return [name for name, entry in COMMANDS.items() if not entry.hidden]

    def get_command(self, ctx: Any, cmd_name: str) -> Any:  # noqa: ARG002 - typer's
        """The command of this name, imported now; None if there is none."""
        entry = COMMANDS.get(cmd_name)
        if entry is None:
            return None
        found = getattr(import_module(f"webapp.cli.{entry.module}"), entry.attribute)
        if cmd_name not in LASTING:
            # From here on there may be something to clean up.
            signal.signal(signal.SIGINT, signal.default_int_handler)
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
        if isinstance(found, typer.Typer):
            found.rich_markup_mode = None  # plain text, as everywhere, and rich is not imported for it
            return get_command(found)
        single = typer.Typer(add_completion=False, rich_markup_mode=None)
        single.command(cmd_name)(found)
        return get_command(single)

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """The list of commands in the help."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, COMMANDS[name].help) for name in self.list_commands(ctx)])


app = typer.Typer(cls=Commands, no_args_is_help=True, add_completion=False, rich_markup_mode=None)


@app.callback()
def postern() -> None:
    """Postern gets people who forgot their password back in."""


def run() -> int:
    """Run the command that the arguments name, and return the exit status; a wrong call is told in one line."""
    try:
        return get_command(app).main(prog_name="postern", standalone_mode=False) or 0
    except NoArgsIsHelpError as error:
        typer.echo(error.message, err=True)
        return error.exit_code
    except ClickException as error:
        where = error.ctx.command_path if isinstance(error, UsageError) and error.ctx else "postern"
        said = " ".join(error.format_message().split()).rstrip(".")
        typer.echo(f"postern: {said}. See `{where} --help`.", err=True)
        return error.exit_code
    except (typer.Abort, EOFError, KeyboardInterrupt):
        typer.echo(err=True)
        return 130
