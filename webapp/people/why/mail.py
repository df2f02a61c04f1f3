"""The conditions of mail: an address that takes letters, and a server that sends them."""

from webapp.health.history import Standing
from webapp.mail_server.active import State as Tested
from webapp.people.why.conditions import Condition, Mend, Name, State
from webapp.people.why.facts import Facts
from webapp.text import Message, message


def address(facts: Facts) -> Condition:
    """That there is an address to write to."""
    user = facts.user
    if user.email is not None:
        text = message("There is an address: %(address)s", address=user.email)
        return Condition(name=Name.ADDRESS, state=State.OK, text=text)
    if user.password_hash is None:
        sentence = message(
            "%(name)s cannot get in: there is no password, and no address for a link.", name=facts.called
        )
    else:
        sentence = message(
            "No reset link can reach %(name)s: there is no address. Give a link and a code here, or add the address.",
            name=facts.called,
        )
    return Condition(
        name=Name.ADDRESS,
        state=State.FAIL,
        text=message("There is no address."),
        verdict=sentence,
        mend=Mend.ADDRESS,
    )


def deliverable(facts: Facts) -> Condition:
    """That no mail server has said that the address takes no mail."""
    user = facts.user
    if user.email is None:
        return Condition(name=Name.DELIVERABLE, state=State.NONE, text=message("Nothing can be delivered."))
    if user.email_refused_at is None:
        text = message("No mail server has refused the address.")
        return Condition(name=Name.DELIVERABLE, state=State.OK, text=text)
    if user.password_hash is None:
        sentence = message(
            "No invitation reaches %(name)s: a mail server said that the address takes no mail. Correct the address.",
            name=facts.called,
        )
    else:
        sentence = message(
            "No reset link reaches %(name)s: a mail server said that the address takes no mail. Correct the address.",
            name=facts.called,
        )
    return Condition(
        name=Name.DELIVERABLE,
        state=State.FAIL,
        text=message("A mail server has refused the address."),
        verdict=sentence,
        at=user.email_refused_at,
        mend=Mend.ADDRESS,
        said=user.email_refusal,
    )


def verified(facts: Facts) -> Condition:
    """That somebody has confirmed the address; an unconfirmed one bars nothing."""
    user = facts.user
    if user.email is None:
        return Condition(name=Name.VERIFIED, state=State.NONE, text=message("There is nothing to confirm."))
    if user.email_verified_at is not None:
        text = message("The address is confirmed.")
        return Condition(name=Name.VERIFIED, state=State.OK, text=text, at=user.email_verified_at)
    return Condition(
        name=Name.VERIFIED,
        state=State.WARN,
        text=message("Nobody has confirmed the address yet. Ask how it is spelt."),
        verdict=message(
            "%(name)s can sign in. Reset links are sent to an address that nobody has confirmed yet.", name=facts.called
        ),
    )


def mail_server(facts: Facts) -> Condition:
    """That letters go out: by the queue, by the canary's last look, and by the last test."""
    waiting, looked = facts.waiting, facts.looked
    if waiting is not None and not waiting.relieved:
        return _failing(facts, waiting.title, waiting.reason, said=waiting.reply)
    if waiting is not None:
        return Condition(name=Name.MAIL_SERVER, state=State.OK, text=waiting.title)
    look = looked.look if looked else None
    if look is not None and look.standing is Standing.FAILED:
        title = message("At the last look the mail server did not work.")
        return _failing(facts, title, looked.cause if looked else None, said=look.reply)
    last = facts.tested.last_test
    if look is not None:
        return Condition(name=Name.MAIL_SERVER, state=State.OK, text=message("The mail server works."), at=look.at)
    if facts.tested.state is Tested.PASSED and last is not None:
        text = message("The last test of the mail server passed.")
        return Condition(name=Name.MAIL_SERVER, state=State.OK, text=text, at=last.tested_at)
    return Condition(
        name=Name.MAIL_SERVER,
        state=State.WARN,
        text=message("The mail server was not tested as it is set up now.")
        if facts.tested.state is Tested.UNTESTED
        else message("The last test of the mail server failed."),
        at=last.tested_at if last else None,
    )


def _failing(facts: Facts, title: Message, cause: Message | None, *, said: str) -> Condition:
    look = facts.looked.look if facts.looked else None
    sentence = message(
        "No letter can reach %(name)s just now: the mail server is not working. %(reason)s",
        name=facts.called,
        reason=cause or title,
    )
    if facts.tested.state is Tested.NONE:
        sentence = message("No letter can reach %(name)s: no mail server is set up.", name=facts.called)
    return Condition(
        name=Name.MAIL_SERVER,
        state=State.FAIL,
        text=title,
        verdict=sentence,
        at=look.at if look else None,
        mend=Mend.MAIL_SERVER,
        said=said,
    )
