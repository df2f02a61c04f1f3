"""What a search has found, as people see it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Literal

from webapp.mail_server.providers.filling import Settings
from webapp.mail_server.providers.shown import SECURITY_NAMES
from webapp.smtp.rung import Detail
from webapp.smtp.search import Found, Origin, OutOfTime, Shut, Target, Unknown, Way, best
from webapp.smtp.server import Auth, Security
from webapp.text import Message, message

_WHY: Final[Mapping[Origin, Message]] = {
    Origin.TYPED: message("it was typed"),
    Origin.PROVIDER: message("the domain's mail is with this provider"),
    Origin.EXCHANGER: message("mail for the domain arrives there"),
    Origin.USUAL: message("a usual name"),
}
_PASSWORDS: Final = {"PLAIN", "LOGIN", "CRAM-MD5"}
_GUESSED: Final = {Origin.EXCHANGER, Origin.USUAL}


@dataclass(frozen=True, slots=True)
class FoundView:
    """One port of one host, or a host that is not there."""

    state: Literal["ok", "unknown", "failed"]
    title: Message | str
    milliseconds: int | None
    summary: Message
    details: Sequence[Detail] = ()
    cause: Message | None = None
    steps: Sequence[Message] = ()
    use: str = ""
    """What fills the form in; empty where nothing works."""


@dataclass(frozen=True, slots=True)
class SearchView:
    """A search: what was found so far, and when it is over, what to make of it."""

    found: Sequence[FoundView] = field(default_factory=list)
    kind: Literal["success", "warning", "error", ""] = ""
    text: Message | None = None
    detail: Message | None = None
    use: str = ""


def found_view(found: Found) -> FoundView | None:
    """How a finding is shown; None for what was a mere guess and led nowhere."""
    match found:
        case Way():
            return _way_view(found)
        case Shut(target=target, port=port, diagnosis=diagnosis) if target.origin not in _GUESSED:
            title = message("%(host)s, port %(port)s", host=target.host, port=port)
            return FoundView("failed", title, None, diagnosis.cause)
        case Unknown(target=target, diagnosis=diagnosis) if target.origin not in _GUESSED:
            return FoundView("failed", target.host, None, diagnosis.cause)
        case _:
            return None


def _way_view(way: Way) -> FoundView:
    return FoundView(
        state="ok" if way.distrust is None and way.security is not Security.NONE else "unknown",
        title=name_of(way),
        milliseconds=round(way.milliseconds),
        summary=_summary(way),
        details=((message("Why this host"), _WHY[way.target.origin]), *way.details),
        cause=way.distrust.cause if way.distrust else None,
        steps=way.distrust.steps if way.distrust else (),
        use=str(settings_of(way)),
    )


def _summary(way: Way) -> Message:
    ways = ", ".join(way.mechanisms)
    if way.distrust:
        return message("It answers, but its certificate is not trusted.")
    if way.security is Security.NONE:
        if ways:
            return message("Not encrypted. Ways to sign in: %(ways)s", ways=ways)
        return message("Not encrypted, and no sign-in: for a relay that knows this machine.")
    if ways:
        return message("Ways to sign in: %(ways)s", ways=ways)
    return message("No sign-in is offered: for a relay that knows this machine.")


def name_of(way: Way) -> Message:
    """The settings in one line."""
    return message(
        "%(host)s, port %(port)s, %(security)s",
        host=way.target.host,
        port=way.port,
        security=SECURITY_NAMES[way.security],
    )


def settings_of(way: Way) -> Settings:
    """What fills the form in, with the authentication where the server has said what it takes."""
    offered = set(way.mechanisms)
    auth: Auth | None = None
    if offered & _PASSWORDS:
        auth = Auth.PASSWORD
    elif "XOAUTH2" in offered:
        auth = Auth.XOAUTH2
    elif not offered and not way.distrust:
        auth = Auth.NONE
    return Settings(way.target.host, way.port, way.security, auth)


def ended_view(found: Sequence[Found]) -> SearchView:
    """What to make of it all."""
    ways = [each for each in found if isinstance(each, Way)]
    shown = [view for view in map(found_view, found) if view]
    late = message("Not everything had answered when the time was up.")
    cut_short = any(isinstance(each, OutOfTime) for each in found)
    choice = best(ways)
    if choice is None:
        tried = ", ".join({_target(each).host: None for each in found if not isinstance(each, OutOfTime)})
        nothing = message("Nothing was found that works.")
        if cut_short or not tried:
            return SearchView(shown, "error", nothing, late)
        hint = message(
            "Tried: %(hosts)s. Ask your provider for the SMTP server's name, and type it as host.", hosts=tried
        )
        return SearchView(shown, "error", nothing, hint)
    text = message("Proposed: %(settings)s", settings=name_of(choice))
    detail = late if cut_short else message("Nothing was signed in, and nothing is changed until you choose.")
    trusted = choice.distrust is None and choice.security is not Security.NONE
    return SearchView(shown, "success" if trusted else "warning", text, detail, str(settings_of(choice)))


def _target(found: Way | Shut | Unknown) -> Target:
    return found.target
