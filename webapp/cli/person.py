"""`postern users show|why|disable|enable|delete|restore`: one person."""

import json
import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

from webapp.audit.record import COMMAND_LINE
from webapp.cli.run import CommandFailed, with_database
from webapp.text import translator
from webapp.tools import Tools

if TYPE_CHECKING:
    from webapp.people.why.conditions import Verdict
    from webapp.users.models import User
    from webapp.users.near import Near

Who = Annotated[str, typer.Argument(help="Username or address.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Sure = Annotated[bool, typer.Option("--yes", help="Do not ask.")]
_MARKS = {"ok": "+", "warn": "!", "wait": "~", "fail": "x", "none": "-"}


def show(who: Who, *, as_json: AsJson = False) -> None:
    """Show what is known of a person."""

    async def work(kit: Tools) -> None:  # noqa: ARG001 - with_database's
        user = await _person(who)
        values = _values(user)
        if as_json:
            _print_json(values)
        else:
            for name, value in values.items():
                typer.echo(f"{name}\t{_plain(value)}")

    with_database(work)


def why(who: Who, *, as_json: AsJson = False) -> None:
    """Say why somebody cannot get in: the first thing in the way, and all that was checked.

    For a name that nobody has, those who almost have it are shown, and the exit status is 1.
    """

    async def work(kit: Tools) -> None:
        from webapp.people.why.lookup import Meant, Perhaps, who_is_meant
        from webapp.users.authority import EVERYONE

        meant = await who_is_meant(who, roles=EVERYONE, now=kit.clock())
        if isinstance(meant, Meant):
            _print_verdict(meant.user, await _checked(kit, meant.user), as_json=as_json)
            return
        _print_near(meant.near if isinstance(meant, Perhaps) else (), as_json=as_json)
        raise CommandFailed(f"nobody has the username or address {who!r}.")

    with_database(work)


def disable(who: Who, *, as_json: AsJson = False) -> None:
    """Disable an account: its sessions and links end at once."""

    async def work(kit: Tools) -> None:
        from webapp.users.change_state import LastAdministrator
        from webapp.users.change_state import disable as disable_account

        user = await _person(who, deleted=False)
        if isinstance(await disable_account(user.id, actor=COMMAND_LINE, now=kit.clock()), LastAdministrator):
            raise CommandFailed(f"{user.username} is the last administrator who can sign in.")
        await _print_done(user.id, f"The account of {user.username} is disabled.", as_json=as_json)

    with_database(work)


def enable(who: Who, *, as_json: AsJson = False) -> None:
    """Enable an account again; old sessions and links stay ended."""

    async def work(kit: Tools) -> None:
        from webapp.users.change_state import enable as enable_account

        user = await _person(who, deleted=False)
        await enable_account(user.id, actor=COMMAND_LINE, now=kit.clock())
        await _print_done(user.id, f"The account of {user.username} is enabled.", as_json=as_json)

    with_database(work)


def delete(who: Who, *, yes: Sure = False, as_json: AsJson = False) -> None:
    """Delete an account. For 30 days it can be restored; then it is gone for good."""
    if not yes:
        if not sys.stdin.isatty():
            raise typer.BadParameter("give --yes where nobody can answer.")
        typer.confirm(f"Delete the account of {who}?", abort=True)

    async def work(kit: Tools) -> None:
        from webapp.users.change_state import LastAdministrator
        from webapp.users.deletion import delete as delete_account

        user = await _person(who)
        if isinstance(await delete_account(user.id, actor=COMMAND_LINE, now=kit.clock()), LastAdministrator):
            raise CommandFailed(f"{user.username} is the last administrator who can sign in.")
        text = f"The account of {user.username} is deleted. For 30 days `postern users restore` undoes it."
        await _print_done(user.id, text, as_json=as_json)

    with_database(work)


def restore(who: Who, *, as_json: AsJson = False) -> None:
    """Restore an account that was deleted in the last 30 days."""

    async def work(kit: Tools) -> None:
        from webapp.users.deletion import restore as restore_account

        user = await _person(who)
        if user.deleted_at is None:
            raise CommandFailed(f"the account of {user.username} is not deleted.")
        await restore_account(user.id, actor=COMMAND_LINE, now=kit.clock())
        await _print_done(user.id, f"The account of {user.username} is restored.", as_json=as_json)

    with_database(work)


async def _person(who: str, *, deleted: bool = True) -> "User":
    from webapp.users.find import by_identifier

    user = await by_identifier(who)
    if user is None:
        raise CommandFailed(f"there is nobody with the username or address {who!r}.")
    if user.deleted_at is not None and not deleted:
        raise CommandFailed(f"the account of {user.username} is deleted; `postern users restore` undoes that.")
    return user


def _values(user: "User") -> dict[str, Any]:
    return {
        "id": user.id,
        "username": user.username,
        "display_name": user.display_name,
        "email": user.email,
        "role": user.role.value,
        "state": "deleted" if user.deleted_at else "frozen" if user.frozen_at else user.state.value,
        "has_password": user.password_hash is not None,
        "must_change": user.must_change,
        "second_factor": user.second_factor,
        "email_verified_at": _moment(user.email_verified_at),
        "email_refused_at": _moment(user.email_refused_at),
        "last_sign_in_at": _moment(user.last_sign_in_at),
        "created_at": _moment(user.created_at),
        "deleted_at": _moment(user.deleted_at),
    }


async def _print_done(user_id: int, text: str, *, as_json: bool) -> None:
    """What was done; as JSON, the person as they are by now."""
    from webapp.users.models import User

    if as_json:
        _print_json(_values(await User.get(id=user_id)))
    else:
        typer.echo(text)


async def _checked(kit: Tools, user: "User") -> "Verdict":
    from webapp.crypto.throttle import Throttle
    from webapp.db import counters
    from webapp.people.why.checklist import checked
    from webapp.people.why.facts import facts_of
    from webapp.sessions.lock_out import Limits, LockOut

    policy, now = await kit.policy(), kit.clock()
    limits = Limits.of(
        policy,
        per_network_per_minute=kit.settings.sign_ins_per_network_per_minute,
        per_minute=kit.settings.sign_ins_per_minute,
    )
    lock_out = LockOut(Throttle(counters, kit.clock, kit.keys.derive("throttle")[0]), limits)
    locked_until = await lock_out.locked_until(user, now=now)
    facts = await facts_of(
        user, locked_until=locked_until, vault=kit.vault, presets=kit.presets, policy=policy, now=now
    )
    return checked(facts)


def _print_verdict(user: "User", found: "Verdict", *, as_json: bool) -> None:
    words = translator("en")
    if as_json:
        decided_by = found.decided_by.name.value if found.decided_by else None
        conditions = [
            {
                "name": each.name.value,
                "state": each.state.value,
                "text": words.show(each.text),
                "at": _moment(each.at),
                **({"said": each.said} if each.said else {}),
            }
            for each in found.conditions
        ]
        verdict = {"kind": found.kind, "text": words.show(found.text), "decided_by": decided_by}
        _print_json({"id": user.id, "username": user.username, "verdict": verdict, "conditions": conditions})
        return
    typer.echo(words.show(found.text))
    for each in found.conditions:
        at = f" {_moment(each.at)}" if each.at else ""
        typer.echo(f"{_MARKS[each.state.value]} {words.show(each.text)}{at}")


def _print_near(found: tuple["Near", ...], *, as_json: bool) -> None:
    words = translator("en")
    people = [{"id": each.id, "username": each.username, "why": words.show(each.likeness.why)} for each in found]
    if as_json:
        _print_json({"near": people})
    else:
        for person in people:
            typer.echo(f"{person['username']}\t{person['why']}")


def _print_json(values: dict[str, Any]) -> None:
    typer.echo(json.dumps(values, ensure_ascii=False, indent=2))


def _plain(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "" if value is None else str(value)


def _moment(moment: Any) -> str | None:
    return moment.isoformat() if moment else None
