"""The conditions of the last letter with a link to set a password by: sent, opened, used.

They matter only until the person has signed in after it: then they found their way.
"""

from dataclasses import replace
from datetime import datetime

from webapp.bounces.models import Action
from webapp.bounces.returned import meaning
from webapp.delivery.log.letter import History
from webapp.delivery.wording import STATES
from webapp.outbox.models import LetterState
from webapp.people.why.conditions import Condition, Mend, Name, State
from webapp.people.why.facts import Facts
from webapp.text import Message, message

_SENT = frozenset({LetterState.ACCEPTED, LetterState.UNKNOWN})


def letter(facts: Facts) -> Condition:
    """That the last letter was sent; for somebody without a password, that there is one."""
    found = facts.letter
    if found is None or (facts.needs_link and not _matters(facts, found)):
        return _none_sent(facts)
    return _if_it_matters(facts, found, _fate(facts, found))


def _none_sent(facts: Facts) -> Condition:
    if not facts.needs_link:
        return Condition(name=Name.LETTER, state=State.NONE, text=message("No letter with a link was sent."))
    if facts.user.password_hash is None:
        sentence = message(
            "%(name)s has no password yet. Send an invitation with which to choose one.", name=facts.called
        )
    else:
        sentence = message(
            "%(name)s cannot sign in: the password that was given has expired. Send a link, or give a link and a code.",
            name=facts.called,
        )
    return Condition(
        name=Name.LETTER,
        state=State.FAIL,
        text=message("No letter with a link was sent since.")
        if facts.letter
        else message("No letter with a link was sent."),
        verdict=sentence,
        mend=_send(facts),
    )


def _fate(facts: Facts, found: History) -> Condition:
    sent = found.letter
    failed = next((each for each in found.returns if each.action is Action.FAILED), None)
    host = found.tries[-1].attempt.host if found.tries else ""
    if failed is not None:
        return _not_arrived(facts, meaning(failed), failed.at, said=failed.diagnostic)
    match sent.state:
        case LetterState.QUEUED:
            return Condition(
                name=Name.LETTER,
                state=State.WAIT,
                text=message("The last letter with a link waits to be sent."),
                verdict=message("A letter with a link for %(name)s waits to be sent.", name=facts.called),
                at=sent.due_at,
            )
        case LetterState.ACCEPTED:
            text = message("The last letter with a link was accepted by %(host)s.", host=host)
            return Condition(name=Name.LETTER, state=State.OK, text=text, at=sent.finished_at)
        case LetterState.UNKNOWN:
            text = message("%(host)s did not say whether it accepted the last letter with a link.", host=host)
            return Condition(name=Name.LETTER, state=State.WARN, text=text, at=sent.finished_at)
        case _:
            said = found.tries[-1].attempt.reply if found.tries else ""
            return _not_arrived(facts, found.reason or STATES[sent.state], sent.finished_at, said=said)


def _not_arrived(facts: Facts, why: Message, at: datetime | None, *, said: str) -> Condition:
    return Condition(
        name=Name.LETTER,
        state=State.FAIL,
        text=message("The last letter with a link did not arrive. %(why)s", why=why),
        verdict=message("The last letter with a link did not reach %(name)s. %(why)s", name=facts.called, why=why),
        at=at,
        mend=_send(facts),
        said=said,
    )


def opened(facts: Facts) -> Condition:
    """That its link was opened."""
    found = facts.letter
    if found is None or found.letter.state not in _SENT:
        return Condition(name=Name.OPENED, state=State.NONE, text=message("There is no link to open."))
    sent = found.letter
    visited = sent.link_used_at or sent.link_opened_at
    if visited is not None:
        text = message("Its link was opened in a browser.")
        return Condition(name=Name.OPENED, state=State.OK, text=text, at=sent.link_opened_at or visited)
    if found.link_replaced:
        return _if_it_matters(facts, found, _ended(facts, Name.OPENED))
    if sent.link_ends_at is not None and sent.link_ends_at <= facts.now:
        expired = Condition(
            name=Name.OPENED,
            state=State.FAIL,
            text=message("Its link ran out before anybody opened it."),
            verdict=message(
                "%(name)s did not open the link in time. Send another, or ask whether the address is right.",
                name=facts.called,
            ),
            at=sent.link_ends_at,
            mend=_send(facts),
        )
        return _if_it_matters(facts, found, expired)
    waits = Condition(
        name=Name.OPENED,
        state=State.WAIT,
        text=message("Its link was fetched, perhaps by a mail scanner, and not opened in a browser.")
        if sent.link_fetched_at
        else message("Its link was not opened yet; it works until:"),
        verdict=message(
            "A letter with a link went to %(address)s, and the link was not opened yet. Have %(name)s look for the"
            " letter among the unwanted ones, too.",
            address=sent.recipient,
            name=facts.called,
        ),
        at=sent.link_fetched_at or sent.link_ends_at,
        mend=_send(facts),
    )
    return _if_it_matters(facts, found, waits)


def used(facts: Facts) -> Condition:
    """That a password was set with its link."""
    found = facts.letter
    if (
        found is None
        or found.letter.state not in _SENT
        or not (found.letter.link_opened_at or found.letter.link_used_at)
    ):
        return Condition(name=Name.USED, state=State.NONE, text=message("There is no opened link to use."))
    sent = found.letter
    if sent.link_used_at is not None:
        text = message("A password was set with its link.")
        return Condition(name=Name.USED, state=State.OK, text=text, at=sent.link_used_at)
    if found.link_replaced:
        return _if_it_matters(facts, found, _ended(facts, Name.USED))
    if sent.link_ends_at is not None and sent.link_ends_at <= facts.now:
        expired = Condition(
            name=Name.USED,
            state=State.FAIL,
            text=message("Its link ran out before a password was set."),
            verdict=message("%(name)s opened the link, and set no password in time. Send another.", name=facts.called),
            at=sent.link_ends_at,
            mend=_send(facts),
        )
        return _if_it_matters(facts, found, expired)
    waits = Condition(
        name=Name.USED,
        state=State.WAIT,
        text=message("No password was set with its link yet; it works until:"),
        verdict=message("%(name)s has opened the link, and has not set a password with it yet.", name=facts.called),
        at=sent.link_ends_at,
        mend=_send(facts),
    )
    return _if_it_matters(facts, found, waits)


def _ended(facts: Facts, name: Name) -> Condition:
    """The link was ended by something else than its use: a newer one, another address, a handoff."""
    text = message("Its link was ended: a newer one was made, or the password, the address or the account has changed.")
    if not facts.needs_link:
        return Condition(name=name, state=State.NONE, text=text)
    return Condition(
        name=name,
        state=State.FAIL,
        text=text,
        verdict=message("%(name)s has no link that still works. Send another.", name=facts.called),
        mend=_send(facts),
    )


def _send(facts: Facts) -> Mend:
    return Mend.INVITATION if facts.user.password_hash is None else Mend.LINK


def _matters(facts: Facts, found: History) -> bool:
    """Whether they have not signed in since."""
    since = facts.user.last_sign_in_at
    return since is None or since <= found.letter.created_at


def _if_it_matters(facts: Facts, found: History, condition: Condition) -> Condition:
    if condition.state is State.OK or _matters(facts, found):
        return condition
    return replace(condition, state=State.NONE, verdict=None, mend=None)
