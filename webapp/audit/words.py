"""What is in the record, in plain words."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from webapp.text import Message, message

ACTIONS: Final[Mapping[str, Message]] = {
    "session:began": message("signed in"),
    "session:refused": message("could not sign in as"),
    "session:unknown": message("could not sign in, under a name that nobody has"),
    "session:ended": message("signed out one browser of"),
    "user:chose_preferences": message("chose language or time zone of"),
    "user:asked_new_address": message("asked for a new mail address of"),
    "user:cancelled_new_address": message("took back the new mail address of"),
    "user:confirmed_address": message("confirmed the mail address of"),
    "user:created": message("created"),
    "user:corrected": message("corrected"),
    "user:set_password": message("set a new password for"),
    "user:changed_own_password": message("changed the password of"),
    "user:reset_own_password": message("set a new password by link for"),
    "user:sent_reset_link": message("sent a link to"),
    "user:ended_sessions": message("signed out everywhere"),
    "user:made_recovery_link": message("made a one-time link for"),
    "user:disabled": message("disabled"),
    "user:enabled": message("enabled"),
    "user:deleted": message("deleted"),
    "user:restored": message("restored"),
    "user:purged": message("deleted for good"),
    "user:required_change": message("asked for a new password of"),
    "user:waived_change": message("took back the asking for a new password of"),
    "user:marked_reachable": message("marked as reachable again"),
    "user:frozen": message("said “this was not me” of"),
    "user:thawed": message("thawed"),
    "user:unlocked": message("let sign in again at once"),
    "user:invited": message("sent an invitation to"),
    "user:withdrew_invitation": message("withdrew the invitation of"),
    "user:accepted_invitation": message("chose a first password by invitation for"),
    "user:added_factor": message("added a second factor to"),
    "user:removed_factor": message("removed a second factor of"),
    "user:cleared_factors": message("cleared the second factor of"),
    "user:made_recovery_codes": message("made new recovery codes for"),
    "user:used_recovery_code": message("used a recovery code of"),
    "user:made_handoff": message("made a link and a code for"),
    "user:cancelled_handoff": message("cancelled the link and code of"),
    "user:used_handoff": message("set a new password by link and code for"),
    "user:exhausted_handoff": message("typed too many wrong codes for"),
    "people:imported": message("imported users"),
    "people:changed": message("changed many users"),
    "people:exported": message("exported users"),
    "help:closed": message("closed a request for help"),
    "help:reopened": message("opened a request for help again"),
    "policy:saved": message("changed the security policy"),
    "brand:saved": message("changed how letters look"),
    "user:out_of_reach": message("was not allowed to reach"),
    "mail_server:saved": message("saved the mail server"),
    "fallback_server:saved": message("saved the fallback server"),
    "fallback_server:removed": message("removed the fallback server"),
    "mail_server:tested": message("tested the mail server"),
    "mail_server:connected": message("tried the connection to the mail server"),
    "mail_server:searched": message("looked for settings that work with"),
    "letter:resent": message("sent again a letter to"),
    "mail_server:sampled": message("sent a sample letter by the mail server"),
    "keys:rotated": message("made a new secret key"),
    "keys:resealed": message("put stored passwords under the newest secret key"),
    "history:purged": message("deleted old history"),
    "database:copied": message("wrote a copy of the database"),
    "audit:forgot": message("deleted the oldest entries of the audit"),
    "audit:exported": message("exported the audit"),
    "webhook:saved": message("saved the alerts to"),
    "webhook:tested": message("sent a test alert to"),
}
"""What follows the actor's name, by action; the subject's name comes after it."""

_HEADINGS: Final[Mapping[str, Message]] = {
    "session": message("Signing in"),
    "user": message("Users"),
    "help": message("Help requests"),
    "mail_server": message("Mail server"),
    "letter": message("Letters"),
    "webhook": message("Alerts"),
    "policy": message("Security policy"),
    "": message("Postern itself"),
}
_UNDER: Final[Mapping[str, str]] = {"people": "user", "fallback_server": "mail_server", "brand": "letter"}
"""The headings of subjects that have none of their own; whatever is not here either is about Postern itself."""


def grouped_actions() -> tuple[tuple[Message, tuple[tuple[str, Message], ...]], ...]:
    """All actions and their words, under the heading of what they are about."""
    groups: dict[str, list[tuple[str, Message]]] = {name: [] for name in _HEADINGS}
    for action, words in ACTIONS.items():
        subject = action.partition(":")[0]
        name = _UNDER.get(subject, subject)
        groups[name if name in groups else ""].append((action, words))
    return tuple((_HEADINGS[name], tuple(actions)) for name, actions in groups.items() if actions)


OF_ONES_OWN: Final[Mapping[str, Message]] = {
    "session:began": message("Signed in"),
    "session:refused": message("A sign-in failed"),
    "session:ended": message("One browser was signed out"),
    "user:created": message("The account was created"),
    "user:corrected": message("Name, address or role was corrected"),
    "user:set_password": message("A new password was set"),
    "user:changed_own_password": message("The password was changed"),
    "user:asked_reset_link": message("A link for a new password was asked for on the sign-in page"),
    "user:reset_own_password": message("A new password was set by a link"),
    "user:sent_reset_link": message("A link for a new password was sent"),
    "user:made_recovery_link": message("A one-time link was made on the server"),
    "user:ended_sessions": message("Browsers were signed out"),
    "user:chose_preferences": message("Language or time zone was changed"),
    "user:asked_new_address": message("A new mail address was asked for"),
    "user:cancelled_new_address": message("The new mail address was taken back"),
    "user:confirmed_address": message("The mail address was confirmed"),
    "user:marked_reachable": message("The mail address was marked as reachable again"),
    "user:disabled": message("The account was disabled"),
    "user:enabled": message("The account was enabled"),
    "user:deleted": message("The account was deleted"),
    "user:restored": message("The account was restored"),
    "user:purged": message("The account was deleted for good"),
    "user:required_change": message("A new password was asked for at the next sign-in"),
    "user:waived_change": message("A new password is no longer asked for"),
    "user:frozen": message("The account was frozen with “this was not me”"),
    "user:thawed": message("The account was thawed"),
    "user:unlocked": message("Sign-in was opened again at once"),
    "user:invited": message("An invitation was sent"),
    "user:withdrew_invitation": message("The invitation was withdrawn"),
    "user:accepted_invitation": message("The first password was chosen by invitation"),
    "user:added_factor": message("A second factor was added"),
    "user:removed_factor": message("A second factor was removed"),
    "user:cleared_factors": message("The second factor was cleared"),
    "user:made_recovery_codes": message("New recovery codes were made"),
    "user:used_recovery_code": message("A recovery code was used"),
    "user:made_handoff": message("A way back in was handed over"),
    "user:cancelled_handoff": message("A way back in that was handed over was cancelled"),
    "user:exhausted_handoff": message("A way back in that was handed over ended after wrong codes"),
    "user:used_handoff": message("A new password was set with what was handed over"),
}
"""The same for the person it was done to, in a sentence that names nobody. An action that is not here is not told."""

NAMES: Final[Mapping[str, Message]] = {
    "email": message("Mail address"),
    "name": message("Name"),
    "role": message("Role"),
    "sessions": message("Browsers"),
    "language": message("Language"),
    "time_zone": message("Time zone"),
    "verified_how": message("How the caller was verified"),
    "ticket": message("Ticket"),
    "attempt": message("Attempt"),
    "why": message("What was wrong"),
    "factor": message("Second factor"),
    "host": message("Host"),
    "port": message("Port"),
    "security": message("Secure connection"),
    "auth": message("Authentication"),
    "username": message("Username"),
    "password": message("Password"),
    "plaintext_auth": message("Sign in without encryption"),
    "sender_address": message("Sender's address"),
    "sender_name": message("Sender's name"),
    "reply_to": message("Reply-to address"),
    "bounce_address": message("Address for returned mail"),
    "ehlo_name": message("Name in EHLO"),
    "timeout_seconds": message("Timeout"),
    "ca_certificate": message("CA certificate"),
    "oauth_grant": message("Access tokens are given for"),
    "oauth_token_url": message("Token URL"),
    "oauth_client_id": message("Client id"),
    "oauth_secrets": message("Client secret or refresh token"),
    "oauth_scope": message("Scope"),
    "returns_to": message("Return to the settings no."),
    "recipient": message("Recipient"),
    "service": message("Service"),
    "enabled": message("Switched on"),
    "signed": message("Signed"),
    "reply": message("Reply"),
    "letter": message("Letter no."),
    "format": message("Format"),
    "file": message("File"),
    "only": message("Only what matches"),
    "entries": message("Entries"),
    "up_to": message("Up to no."),
    "recorded_before": message("Recorded before"),
    "passwords": message("Stored passwords"),
    "unreadable": message("Passwords that no key opens"),
    "letters": message("Letters"),
    "kind": message("Kind"),
    "hosts": message("Hosts that were tried"),
    "colour": message("Colour"),
    "logo": message("Logo"),
    "support": message("Support contact"),
    "footer": message("Footer"),
    "minimum_length": message("Shortest password"),
    "minimum_length_with_factor": message("Shortest password beside a second factor"),
    "password_history": message("Passwords remembered"),
    "forbidden_words": message("Words that no password may contain"),
    "lock_out_failures": message("Wrong passwords before a pause"),
    "lock_out_minutes": message("Length of the pause"),
    "session_idle_minutes": message("Sign out when idle"),
    "session_hours": message("Sign out in any case"),
    "link_minutes": message("Links work for"),
    "factor_roles": message("Second factor required for"),
    "staff_set_passwords": message("Staff may set passwords"),
    "staff_password_hours": message("A password set by staff works for"),
}

_ROLES: Final[Mapping[str, Message]] = {
    "admin": message("Administrator"),
    "helpdesk": message("Helpdesk"),
    "auditor": message("Auditor"),
    "user": message("User"),
}

_ATTEMPTS: Final[Mapping[str, Message]] = {
    "open": message("open the page"),
    "create": message("create somebody with another role"),
    "correct": message("correct the details"),
    "change_role": message("change the role"),
    "set_password": message("set a password"),
    "send_reset_link": message("send a link"),
    "end_sessions": message("sign them out"),
    "change_state": message("disable or enable"),
    "hand_off": message("make a link and a code"),
    "invite": message("send or withdraw an invitation"),
    "mark_reachable": message("mark the address as reachable"),
    "clear_factors": message("clear the second factor"),
    "delete": message("delete or restore"),
}
_FAILURES: Final[Mapping[str, Message]] = {
    "password": message("The password"),
    "shut": message("Nothing, but the account is shut or its password has expired"),
    "factor": message("The second factor"),
    "confirmation": message("The password, asked for again"),
}
_FACTORS: Final[Mapping[str, Message]] = {
    "totp": message("Authenticator app"),
    "passkey": message("Passkey or security key"),
}
_SECURITY: Final[Mapping[str, Message]] = {
    "none": message("None"),
    "starttls": message("STARTTLS"),
    "tls": message("TLS"),
}
_AUTHENTICATION: Final[Mapping[str, Message]] = {
    "none": message("None"),
    "password": message("Password"),
    "xoauth2": message("XOAUTH2"),
}
_GRANTS: Final[Mapping[str, Message]] = {
    "client_credentials": message("Client's credentials"),
    "refresh_token": message("Refresh token"),
}
_SWITCHES: Final[Mapping[str, Message]] = {"true": message("Yes"), "false": message("No")}
_VALUES: Final[Mapping[str, Mapping[str, Message]]] = {
    "password": {"ended": message("ended")},
    "role": _ROLES,
    "staff_set_passwords": _SWITCHES,
    "attempt": _ATTEMPTS,
    "why": _FAILURES,
    "factor": _FACTORS,
    "security": _SECURITY,
    "auth": _AUTHENTICATION,
    "oauth_grant": _GRANTS,
}

_ACTORS: Final[Mapping[str, Message]] = {
    "command line": message("command line"),
    "somebody at the sign-in": message("somebody"),
    "retention": message("retention, by itself"),
    "holder of a reset link": message("holder of a reset link"),
    "holder of an invitation": message("holder of an invitation"),
    "holder of a handoff": message("holder of a link and a code"),
    "holder of a not-me link": message("holder of a link in a notice"),
    "holder of an address confirmation": message("holder of a link to a new address"),
}

_BEFORE, _AFTER = " before", " after"


@dataclass(frozen=True, slots=True)
class Detail:
    """A value of an entry; or one before and after, where ``before`` is not None."""

    name: Message | str
    value: Message | str
    before: Message | str | None = None


def action_in_words(action: str) -> Message | str:
    """What somebody did; an action without words of its own stays as it is."""
    return ACTIONS.get(action, action)


def actor_in_words(actor: str) -> Message | str:
    """Who did it: a username, or words for those who have none."""
    return _ACTORS.get(actor, actor)


def details_in_words(details: Mapping[str, str]) -> tuple[Detail, ...]:
    """The values of an entry, those before and after side by side."""
    found: dict[str, Detail] = {}
    for key, value in details.items():
        name = key.removesuffix(_BEFORE).removesuffix(_AFTER)
        shown = NAMES.get(name, name)
        if key.endswith(_BEFORE):
            after = details.get(name + _AFTER, "")
            found[name] = Detail(shown, _value(name, after), before=_value(name, value))
        elif name not in found:
            found[name] = Detail(shown, _value(name, value))
    return tuple(found.values())


def _value(name: str, value: str) -> Message | str:
    return _VALUES.get(name, {}).get(value, value)
