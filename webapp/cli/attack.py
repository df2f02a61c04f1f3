"""`postern doctor --attack`: the installation attacks itself, and says what held."""

import asyncio
import json
from pathlib import Path
from typing import Final

import typer

from webapp.attack.http import MOST_REQUESTS, NoAnswer, Origin, Site
from webapp.attack.plan import Attack, Finding, attacks, run
from webapp.attack.verdict import Held, NotHeld, NotTried, Verdict
from webapp.cli.run import fail
from webapp.settings import BadSettings, Settings

_COLUMN: Final = 18
_WORDS: Final = {Held: "held", NotHeld: "not held", NotTried: "not tried"}


def attack(url: str, *, existing: str, throttle: bool, allowed: bool, authority: Path | None, as_json: bool) -> None:
    """Attack the installation at ``url``, and exit with status 1 if something did not hold.

    Raises:
        typer.BadParameter: this installation has no business at that address.
    """
    origin = _own(url, allowed=allowed)
    sites = _sites(origin, authority)
    if not as_json:
        _announce(origin, existing=existing, throttle=throttle)
    findings = asyncio.run(_attack(sites, attacks(existing, throttle=throttle), quiet=as_json))
    if as_json:
        typer.echo(json.dumps([_row(each) for each in findings], ensure_ascii=False, indent=2))
    else:
        counts = {word: sum(_WORDS[type(each.verdict)] == word for each in findings) for word in _WORDS.values()}
        typer.echo(", ".join(f"{number} {word}" for word, number in counts.items()) + ".")
        if not existing:
            typer.echo("Whether answers tell who has an account was not tried: name one that exists with --as NAME.")
    if any(isinstance(each.verdict, NotHeld) for each in findings):
        raise SystemExit(1)


def _own(url: str, *, allowed: bool) -> Origin:
    """The origin, if it is this machine's, this installation's, or one that somebody answers for."""
    try:
        origin = Origin.of(url)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--attack") from None
    if allowed or origin.is_loopback or origin == _public():
        return origin
    raise typer.BadParameter(
        f"{origin} is neither POSTERN_PUBLIC_URL nor this machine; "
        "if that installation is yours to attack, say so with --i-may",
        param_hint="--attack",
    )


def _public() -> Origin | None:
    try:
        return Origin.of(Settings.from_environ().public_url)
    except (BadSettings, UnicodeDecodeError, OSError):
        return None


def _announce(origin: Origin, *, existing: str, throttle: bool) -> None:
    typer.echo(f"Attacking {origin} with at most {MOST_REQUESTS} requests, one after the other. Nobody is harmed, but:")
    if existing:
        typer.echo(f"- {existing} is sent a reset letter, and a few wrong passwords are tried for them.")
    if throttle:
        typer.echo(
            "- The last attack uses up the sign-ins of this network for some minutes; --no-throttle leaves it out."
        )
    typer.echo("- What is refused is counted and logged like any attack.\n")


def _sites(origin: Origin, authority: Path | None) -> tuple[Site, Site]:
    """The installation with its certificate verified, and without: for the attacks to tell that it is not trusted."""
    try:
        return Site(origin, authority=authority), Site(origin, verify=False, authority=authority)
    except OSError as error:
        raise typer.BadParameter(error.strerror or "no certificates", param_hint="--ca") from None


async def _attack(sites: tuple[Site, Site], planned: tuple[Attack, ...], *, quiet: bool) -> list[Finding]:
    site = await _installation(sites)
    findings = []
    async for finding in run(site, planned):
        findings.append(finding)
        if not quiet:
            _tell(finding)
    return findings


async def _installation(sites: tuple[Site, Site]) -> Site:
    """The first of them that answers, seen to be Postern."""
    verified, unverified = sites
    try:
        site, answer = verified, await verified.get("/healthz")
    except NoAnswer:
        try:
            site, answer = unverified, await unverified.get("/healthz")
        except NoAnswer as error:
            fail(f"{verified.origin} does not answer ({error}).")
    if answer.status != 200 or json_of(answer.body) != {"status": "ok"}:
        fail(f"what answers at {site.origin} is not Postern.")
    return site


def json_of(body: bytes) -> object:
    """What a body of JSON says; None if it is none."""
    try:
        return json.loads(body)
    except ValueError:
        return None


def _tell(finding: Finding) -> None:
    attacked, verdict = finding.attack, finding.verdict
    numbers = ", ".join(attacked.asvs)
    first, *more = _sentences(verdict)
    typer.echo(f"{_WORDS[type(verdict)]:<9} {attacked.name:<{_COLUMN}} {first} [ASVS {numbers}: {attacked.stands_for}]")
    for sentence in more:
        typer.echo(f"{'':<9} {'':<{_COLUMN}} {sentence}")


def _row(finding: Finding) -> dict[str, object]:
    return {
        "attack": finding.attack.name,
        "state": _WORDS[type(finding.verdict)],
        "text": " ".join(_sentences(finding.verdict)),
        "asvs": list(finding.attack.asvs),
        "stands_for": finding.attack.stands_for,
    }


def _sentences(verdict: Verdict) -> tuple[str, ...]:
    match verdict:
        case Held(text) | NotTried(text):
            return (text,)
        case NotHeld(faults):
            return faults
