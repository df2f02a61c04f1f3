"""`postern mail-server`: shows, sets up and tests the mail server."""

import json
import sys
from contextlib import aclosing
from typing import TYPE_CHECKING, Annotated, Any

import typer

from webapp.audit.record import COMMAND_LINE
from webapp.cli import mail_server_report as report_of
from webapp.cli.run import CommandFailed, with_database
from webapp.text import LANGUAGES
from webapp.tools import Tools

if TYPE_CHECKING:
    from webapp.mail_server.models import Slot
    from webapp.mail_server.try_out import Trial

app = typer.Typer(no_args_is_help=True, help="Show, set up and test the mail server.")

Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Text = Annotated[str | None, typer.Option(show_default=False)]
Fallback = Annotated[bool, typer.Option("--fallback", help="The fallback server instead of the mail server.")]


@app.command()
def show(*, fallback: Fallback = False, as_json: Json = False) -> None:
    """Show the settings in use, the last test of exactly these values, and the last look at the server.

    A look connects and signs in, and sends nothing. The password is never shown.
    """

    async def work(kit: Tools) -> None:
        from webapp.health.now import now_of
        from webapp.mail_server.active import health_of
        from webapp.mail_server.form import EMPTY, FIELDS, SECRETS
        from webapp.mail_server.preset import locked, overlaid, variable
        from webapp.mail_server.revisions import newest, values_of

        slot = _slot(fallback=fallback)
        preset = _preset(kit, slot)
        revision = await newest(slot)
        values = overlaid(values_of(revision) if revision else EMPTY, preset)
        health = await health_of(revision, kit.vault, preset)
        report = {
            "state": health.state.value,
            "reason": str(health.reason) if health.reason else None,
            "last_test": report_of.last_test(health.last_test) if health.last_test else None,
            "last_look": report_of.last_look(await now_of(kit.vault, preset, slot)),
            "settings": {name: values[name] for name in FIELDS if name not in SECRETS},
            "set_by_environment": {name: variable(name, slot) for name in locked(preset)},
        }
        typer.echo(json.dumps(report, indent=2, ensure_ascii=False) if as_json else report_of.shown(report))

    with_database(work)


@app.command("set")
def set_up(  # noqa: PLR0913 - one option for each field of the form
    *,
    host: Text = None,
    port: Text = None,
    security: Annotated[str | None, typer.Option(help="none, starttls or tls", show_default=False)] = None,
    auth: Annotated[str | None, typer.Option(help="none, password or xoauth2", show_default=False)] = None,
    username: Text = None,
    password_stdin: Annotated[
        bool, typer.Option(help="Read the password from the first line of standard input.")
    ] = False,
    plaintext_auth: Annotated[bool | None, typer.Option(show_default=False)] = None,
    sender_address: Text = None,
    sender_name: Text = None,
    reply_to: Text = None,
    bounce_address: Text = None,
    ehlo_name: Text = None,
    timeout_seconds: Text = None,
    ca_certificate: Annotated[typer.FileText | None, typer.Option(help="A PEM file.", show_default=False)] = None,
    oauth_grant: Annotated[
        str | None, typer.Option(help="client_credentials or refresh_token", show_default=False)
    ] = None,
    oauth_token_url: Text = None,
    oauth_client_id: Text = None,
    oauth_client_secret_stdin: Annotated[
        bool, typer.Option(help="Read the client secret from the next line of standard input.")
    ] = False,
    oauth_refresh_token_stdin: Annotated[
        bool, typer.Option(help="Read the refresh token from the next line of standard input.")
    ] = False,
    oauth_scope: Text = None,
    fallback: Fallback = False,
) -> None:
    """Change the settings that are given, and keep the others. A changed server needs its password again."""
    given: dict[str, str | None] = {
        "host": host,
        "port": port,
        "security": security,
        "auth": auth,
        "username": username,
        "password": sys.stdin.readline() if password_stdin else None,
        "plaintext_auth": None if plaintext_auth is None else str(plaintext_auth).lower(),
        "sender_address": sender_address,
        "sender_name": sender_name,
        "reply_to": reply_to,
        "bounce_address": bounce_address,
        "ehlo_name": ehlo_name,
        "timeout_seconds": timeout_seconds,
        "ca_certificate": ca_certificate.read() if ca_certificate else None,
        "oauth_grant": oauth_grant or ("refresh_token" if oauth_refresh_token_stdin else None),
        "oauth_token_url": oauth_token_url,
        "oauth_client_id": oauth_client_id,
        "oauth_client_secret": sys.stdin.readline() if oauth_client_secret_stdin else None,
        "oauth_refresh_token": sys.stdin.readline() if oauth_refresh_token_stdin else None,
        "oauth_scope": oauth_scope,
    }

    async def work(kit: Tools) -> None:
        from webapp.fields import Invalid, check
        from webapp.mail_server.credentials import TypeAgain
        from webapp.mail_server.form import EMPTY, ServerForm
        from webapp.mail_server.preset import overlaid, variable
        from webapp.mail_server.revisions import ANY, Overtaken, Saved, newest, save, values_of

        slot = _slot(fallback=fallback)
        preset = _preset(kit, slot)
        changes = {name: value for name, value in given.items() if value is not None}
        for name in changes.keys() & overlaid({}, preset).keys():
            raise CommandFailed(f"{_option(name)}: {variable(name, slot)} fixes this field.")
        revision = await newest(slot)
        values = values_of(revision) if revision else EMPTY
        checked = check(ServerForm, overlaid({**values, **changes}, preset))
        if isinstance(checked, Invalid):
            name, text = next(iter(checked.errors.items()))
            raise CommandFailed(f"{_option(name)}: {text}")
        match await save(
            checked.form,
            vault=kit.vault,
            preset=preset,
            opened_with=ANY,
            actor=COMMAND_LINE,
            now=kit.clock(),
            slot=slot,
        ):
            case TypeAgain(why, field):
                raise CommandFailed(f"{_option(field)}-stdin: {why}")
            case Overtaken():
                raise CommandFailed("somebody else saved at the same moment; look with `postern mail-server show`.")
            case Saved(changed=changed):
                typer.echo("Saved." if changed else "Nothing had changed.")

    with_database(work)


@app.command("test")
def try_server(
    *,
    to: Annotated[str, typer.Option(help="Where to send the test letter.")],
    fallback: Fallback = False,
    as_json: Json = False,
) -> None:
    """Send a test letter with the settings in use. Exit status 1 if it was not accepted."""

    async def work(kit: Tools) -> None:
        from webapp.mail_server.try_out import try_out
        from webapp.smtp.rung import Rung

        trial = await _trial(kit, to, _slot(fallback=fallback))
        report: dict[str, Any] = {"passed": False, "recipient": trial.recipient, "rungs": []}
        climb = try_out(
            trial,
            vault=kit.vault,
            links=kit.links,
            egress=kit.egress,
            dial=kit.dial,
            clock=kit.clock,
            actor=COMMAND_LINE,
            tokens=kit.tokens,
        )
        async with aclosing(climb):
            async for each in climb:
                if isinstance(each, Rung):
                    report["rungs"].append(report_of.rung(each))
                    if not as_json:
                        typer.echo(report_of.line(report["rungs"][-1]))
                else:
                    report |= {"passed": each.passed, "milliseconds": each.milliseconds, "transcript": each.transcript}
        if as_json:
            typer.echo(json.dumps(report, indent=2, ensure_ascii=False))
        if not report["passed"]:
            raise typer.Exit(1)

    with_database(work)


async def _trial(kit: Tools, to: str, slot: "Slot") -> "Trial":
    from webapp.brand.stored import stored_brand
    from webapp.fields import Invalid, check
    from webapp.mail_server.active import NotReady, active_server
    from webapp.mail_server.form import Recipient
    from webapp.mail_server.try_out import Trial

    checked = check(Recipient, {"recipient": to})
    if isinstance(checked, Invalid):
        raise CommandFailed(f"--to: {checked.errors['recipient']}")
    active = await active_server(kit.vault, _preset(kit, slot), slot)
    if active is None:
        which = ("fallback server", " --fallback") if slot == "fallback" else ("mail server", "")
        raise CommandFailed(f"no {which[0]} is set up; `postern mail-server set{which[1]}` does that.")
    if isinstance(active, NotReady):
        raise CommandFailed(str(active.reason))
    return Trial(active.server, checked.form.recipient, LANGUAGES[0], kit.settings.public_url, await stored_brand())


def _slot(*, fallback: bool) -> "Slot":
    from webapp.mail_server.models import Slot

    return Slot.FALLBACK if fallback else Slot.PRIMARY


def _preset(kit: Tools, slot: "Slot") -> dict[str, str]:
    """The fields that the environment fixes, checked as when the server starts.

    A secret from the environment never goes to a host that is only stored.
    """
    from webapp.mail_server.preset import check_preset

    preset = kit.settings.preset(slot)
    try:
        check_preset(preset, slot)
    except ValueError as error:
        raise CommandFailed(str(error)) from None
    return preset


def _option(field: str) -> str:
    return "--" + field.replace("_", "-")
