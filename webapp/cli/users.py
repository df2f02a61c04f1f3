"""`postern users`: people, from the command line."""

import asyncio
import json
import sys
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Any

import typer

from webapp.audit.record import COMMAND_LINE
from webapp.cli import people_files, person
from webapp.cli.run import CommandFailed, with_database
from webapp.principal import Role
from webapp.security_policy import Policy
from webapp.text import Message, translator
from webapp.tools import Tools

if TYPE_CHECKING:
    from webapp.users.fit_password import Owner

app = typer.Typer(no_args_is_help=True, help="People: create and find them, see why they cannot get in.")

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Generate = Annotated[bool, typer.Option("--generate", help="Make a password up and print it, once.")]
FromStdin = Annotated[bool, typer.Option("--password-stdin", help="Read the password from standard input.")]
Keep = Annotated[bool, typer.Option("--keep", help="Do not have it changed at the next sign-in.")]


@app.command("create")
def create_user(
    username: Annotated[str, typer.Argument(help="Letters, digits and . _ - +")],
    *,
    email: Annotated[str, typer.Option(help="Where reset links go.")] = "",
    name: Annotated[str, typer.Option(help="The name that is shown.")] = "",
    role: Annotated[Role, typer.Option(help="What they may do in Postern.")] = Role.USER,
    password_stdin: FromStdin = False,
    generate: Generate = False,
    keep: Keep = False,
    as_json: AsJson = False,
) -> None:
    """Create a person, with or without a password."""
    typed = _typed(password_stdin=password_stdin, generate=generate)
    values = {"username": username, "email": email, "display_name": name, "role": role.value}

    async def work(kit: Tools) -> None:
        from webapp.fields import Invalid, check
        from webapp.users.create import Created, NewPerson, Taken, create
        from webapp.users.fit_password import Owner

        checked = check(NewPerson, values)
        if isinstance(checked, Invalid):
            raise CommandFailed("; ".join(f"{field}: {_text(error)}" for field, error in checked.errors.items()))
        person = checked.form
        owner = Owner(names=(person.username, person.display_name, person.email or ""))
        given = await _password(typed, owner, generate=generate, policy=await kit.policy())
        outcome = await create(
            person,
            actor=COMMAND_LINE,
            now=kit.clock(),
            password_hash=given.hashed if given else None,
            must_change=given is not None and not keep,
            password_expires_at=None if given is None or keep else await _expiry(kit),
        )
        match outcome:
            case Taken(field, text):
                raise CommandFailed(f"{field}: {_text(text)}")
            case Created(user_id):
                shown = {"password": given.shown} if given and given.shown else {}
                _print({"id": user_id, "username": person.username, **shown}, as_json=as_json)

    with_database(work)


@app.command("find")
def find_users(
    text: Annotated[
        str, typer.Argument(help="A part of the username, the address or the name; nothing lists everybody.")
    ] = "",
    *,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="How many to print.")] = 50,
    as_json: AsJson = False,
) -> None:
    """Find people as the page does: exact matches first, then beginnings, then the rest."""

    async def work(kit: Tools) -> None:
        from webapp.users.question import Question
        from webapp.users.search import find

        found = await find(Question(text=text), now=kit.clock(), limit=limit)
        people = [
            {
                "id": person.id,
                "username": person.username,
                "display_name": person.display_name,
                "email": person.email,
                "role": person.role,
                "state": person.state,
                "last_sign_in_at": person.last_sign_in_at.isoformat() if person.last_sign_in_at else None,
            }
            for person in found.people
        ]
        if as_json:
            typer.echo(json.dumps(people, ensure_ascii=False, indent=2))
        else:
            for person in people:
                columns = (person[name] for name in ("id", "username", "email", "role", "state", "display_name"))
                typer.echo("\t".join(str(value if value is not None else "") for value in columns))
        if found.after:
            typer.echo(f"postern: there are more than {limit}; --limit shows them.", err=True)
        if not people:
            raise CommandFailed("nobody was found.")

    with_database(work)


@app.command("set-password")
def set_password(
    who: Annotated[str, typer.Argument(help="Username or address.")],
    *,
    password_stdin: FromStdin = False,
    generate: Generate = False,
    keep: Keep = False,
    as_json: AsJson = False,
) -> None:
    """Set a new password: typed when asked for, read from standard input, or made up.

    It expires unless it is changed in time, or --keep is given. The security policy does not forbid it here.
    """
    typed = _typed(password_stdin=password_stdin, generate=generate)
    if not typed and not generate:
        typed = _asked()

    async def work(kit: Tools) -> None:
        from webapp.users.find import by_identifier
        from webapp.users.fit_password import Owner
        from webapp.users.set_password import Change, change_password

        user = await by_identifier(who)
        if user is None:
            raise CommandFailed(f"there is nobody with the username or address {who!r}.")
        policy = await kit.policy()
        given = await _password(typed, Owner.of(user), generate=generate, policy=policy)
        if given is None:
            raise CommandFailed("no password was given.")
        change = Change(
            user_id=user.id,
            password_hash=given.hashed,
            action="user:set_password",
            must_change=not keep,
            expires_at=None if keep else await _expiry(kit),
            is_short=given.is_short,
            thaws=True,
            history=policy.password_history,
        )
        if not await change_password(change, actor=COMMAND_LINE, now=kit.clock()):
            raise CommandFailed(f"the account of {user.username} is deleted; `postern users restore` undoes that.")
        shown = {"password": given.shown} if given.shown else {}
        _print({"id": user.id, "username": user.username, **shown}, as_json=as_json)

    with_database(work)


@app.command("recovery-link")
def recovery_link(
    who: Annotated[str, typer.Argument(help="Username or address.")],
    *,
    as_json: AsJson = False,
) -> None:
    """Print a link with which its owner sets a new password, once: for when mail does not work.

    Links sent before end.
    """

    async def work(kit: Tools) -> None:
        from webapp.recovery.break_glass import Made, make_link
        from webapp.users.find import by_identifier

        user = await by_identifier(who)
        if user is None:
            raise CommandFailed(f"there is nobody with the username or address {who!r}.")
        made = await make_link(user.id, links=kit.links, actor=COMMAND_LINE, now=kit.clock())
        if not isinstance(made, Made):
            raise CommandFailed(f"the account of {user.username} is {'deleted' if user.deleted_at else 'disabled'}.")
        values = {"link": f"{kit.settings.public_url}{made.path}"}
        _print({**values, "minutes": (await kit.policy()).link_minutes} if as_json else values, as_json=as_json)

    with_database(work)


@app.command("clear-factors")
def clear_factors(who: Annotated[str, typer.Argument(help="Username or address.")]) -> None:
    """Remove the second factor of somebody who has lost it; they are signed out everywhere and told by mail."""

    async def work(kit: Tools) -> None:
        from webapp.sessions.factors.held import clear
        from webapp.users.find import by_identifier

        user = await by_identifier(who)
        if user is None:
            raise CommandFailed(f"there is nobody with the username or address {who!r}.")
        if not await clear(user.id, actor=COMMAND_LINE, now=kit.clock()):
            raise CommandFailed(f"{user.username} has no second factor.")
        typer.echo(f"The second factor of {user.username} is cleared.")

    with_database(work)


for command in (person.show, person.why, person.disable, person.enable, person.delete, person.restore):
    app.command()(command)


async def _expiry(kit: Tools) -> datetime:
    """Until when a password that is to be changed lets its person in."""
    return kit.clock() + timedelta(hours=(await kit.policy()).staff_password_hours)


class _Given:
    """A password, hashed; ``shown`` if it was made up; whether it is too short to be somebody's only factor."""

    def __init__(self, hashed: str, shown: str, *, is_short: bool) -> None:
        self.hashed = hashed
        self.shown = shown
        self.is_short = is_short


async def _password(typed: str, owner: "Owner", *, generate: bool, policy: Policy) -> _Given | None:
    from webapp.crypto.passwords import Passwords
    from webapp.people.choose_password import Unfit, choose
    from webapp.users.fit_password import is_short

    if not typed and not generate:
        return None
    passwords = Passwords()
    try:
        chosen = choose(typed, owner, generate=generate, policy=policy)
        if isinstance(chosen, Unfit):
            raise CommandFailed(f"password: {_text(chosen.text)}")
        hashed = await passwords.hash(chosen.password)
        return _Given(hashed, chosen.shown, is_short=is_short(chosen.password, policy))
    finally:
        # Waits for the threads, which may not happen on the loop.
        await asyncio.to_thread(passwords.close)


def _typed(*, password_stdin: bool, generate: bool) -> str:
    if password_stdin and generate:
        raise typer.BadParameter("--password-stdin and --generate exclude each other.")
    if not password_stdin:
        return ""
    try:
        given = sys.stdin.readline().removesuffix("\n").removesuffix("\r")
    except UnicodeDecodeError:
        given = ""
    if not given:
        raise typer.BadParameter("standard input holds no password.")
    return given


def _asked() -> str:
    if not sys.stdin.isatty():
        raise typer.BadParameter("give --password-stdin or --generate where nobody can type.")
    return str(typer.prompt("New password", hide_input=True, confirmation_prompt=True))


def _print(values: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps(values, ensure_ascii=False))
    else:
        typer.echo("\t".join(str(value) for value in values.values()))


def _text(text: Message) -> str:
    return translator("en").show(text)


app.command("import")(people_files.import_people)
app.command("export")(people_files.export_people)
