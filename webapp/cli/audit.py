"""`postern audit`: the record of who did what."""

import json
from contextlib import suppress
from typing import Annotated, Any, Final

import typer

from webapp.audit.chain import ChainKeys, End
from webapp.audit.verify import Broken, Fault, Intact, verify
from webapp.cli.run import CommandFailed, with_database
from webapp.tools import Tools

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="The record of who did what.")

_WORDS: Final = {
    Fault.CHANGED: "it was changed, put in from outside, or moved",
    Fault.REMOVED: "it was removed",
    Fault.CUT_OFF: "it was removed, with all that followed",
    Fault.ADDED: "it has a seal where the chain has none",
    Fault.TAKEN_OUT: "its place in the chain was taken away",
    Fault.ENDS: "the row that says where the chain begins and ends was changed or removed",
    Fault.UNKNOWN_KEY: "it was sealed under a key that is not among the secret keys; put the older keys back",
    Fault.OTHER_PAST: "the chain is not the one that was noted down: an older state was put back",
}


@app.callback()
def audit() -> None:
    """The record of who did what."""


@app.command("verify")
def verify_chain(
    *,
    noted: Annotated[
        str,
        typer.Option(
            "--noted", metavar="NUMBER:MAC", help="The newest seal as an earlier run printed it; must still be there."
        ),
    ] = "",
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Walk the chain of seals from its beginning to its end, and name the first entry that is not as it was sealed.

    Exit status 1 if there is one. Note the newest seal that is printed in another place: with --noted it tells later
    whether somebody has put the whole database back to an older state.
    """
    place = _place(noted) if noted else None

    async def work(kit: Tools) -> None:
        match await verify(ChainKeys(kit.keys), noted=place):
            case Intact() as intact:
                typer.echo(json.dumps(_intact(intact)) if as_json else _in_words(intact))
            case Broken() as broken:
                if as_json:
                    typer.echo(json.dumps(_broken(broken)))
                raise CommandFailed(f"the audit was tampered with{_where(broken)}: {_WORDS[broken.fault]}.")

    with_database(work)


def _place(text: str) -> End:
    number, _, mac = text.strip().partition(":")
    hexadecimal = len(mac) == 64 and not mac.strip("0123456789abcdef")
    if not (number.isascii() and number.isdecimal() and len(number) < 19 and hexadecimal):
        raise typer.BadParameter("give the number and the seal as `postern audit verify` prints them.")
    return End(int(number), mac)


def _in_words(intact: Intact) -> str:
    first, last = intact.ends.first, intact.ends.last
    lines = [f"As sealed: {last.number - first.number} entries. Not sealed yet: {intact.unsealed}."]
    if first.number:
        lines.append(f"Those up to no. {first.number} were deleted after their time.")
    if last.number:
        lines.append(f"Newest seal: {last.number}:{last.mac}")
    return "\n".join(lines)


def _intact(intact: Intact) -> dict[str, Any]:
    first, last = intact.ends.first, intact.ends.last
    return {
        "intact": True,
        "sealed": last.number - first.number,
        "unsealed": intact.unsealed,
        "deleted_up_to": first.number,
        "newest": f"{last.number}:{last.mac}" if last.number else None,
    }


def _broken(broken: Broken) -> dict[str, Any]:
    entry = dict(broken.entry) if broken.entry else None
    if entry:
        entry |= {"at": str(entry["at"])}
        with suppress(ValueError):  # a text on SQLite, and who knows what by now
            entry |= {
                "details": json.loads(entry["details"]) if isinstance(entry["details"], str) else entry["details"]
            }
    return {
        "intact": False,
        "fault": broken.fault.value,
        "number": broken.number,
        "entry": broken.entry_id,
        "sealed_before": broken.sealed,
        "unsealed": broken.unsealed,
        "content": entry,
    }


def _where(broken: Broken) -> str:
    where = f" at no. {broken.number}" if broken.number is not None else ""
    if broken.entry is not None:
        at, actor, action = (broken.entry[name] for name in ("at", "actor", "action"))
        said = f" (entry {broken.entry_id}, {at}, {actor!r} {action!r})"
        where += "".join(each if each.isprintable() else "?" for each in said)
    return where
