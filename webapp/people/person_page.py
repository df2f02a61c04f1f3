"""What one person's page shows."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from webapp.account.browsers import signed_in_browsers
from webapp.crypto.vault import Vault
from webapp.delivery.standing import Presets
from webapp.people.timeline.events import timeline_of
from webapp.people.why.checklist import checked
from webapp.people.why.facts import facts_of
from webapp.principal import Principal, Role
from webapp.recovery.handoffs.link import MINUTES
from webapp.recovery.handoffs.newest import newest_handoff
from webapp.recovery.invitations.send import open_invitation
from webapp.security_policy import Policy
from webapp.sessions.factors import held
from webapp.sessions.session import Lifetime
from webapp.text import Message, message
from webapp.users.authority import changes_roles, grants
from webapp.users.deletion import GRACE
from webapp.users.models import User

OWN_PASSWORD: Final = message("Change your own password on your account page.")
OWN_ROLE: Final = message("Nobody changes their own role. Another administrator can change yours.")
OWN_ACCOUNT: Final = message("Nobody disables their own account. Another administrator can disable yours.")
NOT_BY_STAFF: Final = message("The security policy has nobody set a password for somebody else.")
GIVEN_PASSWORD: Final = message("Staff has given this password, so it is to be changed before it runs out.")
SHORT_PASSWORD: Final = message("Their password is too short without a second factor, so it is to be changed.")
CHANGED_MEANWHILE: Final = message("Somebody else has changed this person meanwhile. Look again, then repeat it.")
LAST_ADMINISTRATOR: Final = message("This is the last administrator who can sign in. Make somebody else one first.")

PAGE: Final = "people/person.html"
REGIONS: Final[Mapping[str, str]] = {
    "summary": "people/_summary.html",
    "reset-link": "people/_reset_link.html",
    "handoff": "people/_handoff.html",
    "password": "people/_password.html",
    "details": "people/_details.html",
    "access": "people/_access.html",
    "sessions": "people/_sessions.html",
    "second-factor": "people/_second_factor.html",
    "deletion": "people/_deletion.html",
    "timeline": "people/_timeline.html",
}
"""The parts of the page, by their ids."""
TOLD: Final = ("summary", "reset-link", "access", "sessions", "second-factor", "deletion", "timeline")
"""The parts that are shown anew whatever was done elsewhere on the page: nobody has begun to type into them."""


@dataclass(frozen=True, slots=True)
class Difference:
    """What somebody else has changed while the form was on the screen."""

    name: Message
    theirs: str
    yours: str
    """Empty if nobody typed anything else."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """What an installation has decided that a person's page depends on."""

    policy: Policy
    invited_for: timedelta
    """The lifetime of invitations."""
    vault: Vault
    presets: Presets


async def page_of(
    user: User, reader: Principal, rules: Rules, *, locked_until: datetime | None, now: datetime
) -> dict[str, Any]:
    """Everything the page of this person needs, for this reader, before anything was typed.

    ``locked_until``: until when somebody has to wait who tries to sign in as this person.
    """
    policy = rules.policy
    # First: by its mark an open page asks for what is new, and that must not miss what happens meanwhile.
    timeline = await timeline_of(user.id)
    facts = await facts_of(
        user, locked_until=locked_until, vault=rules.vault, presets=rules.presets, policy=policy, now=now
    )
    passkeys = len(held.passkeys_among(facts.factors))
    lifetime = Lifetime.of(policy)
    return {
        "user": user,
        "why": checked(facts),
        "locked_until": locked_until,
        "apps": len(facts.factors) - passkeys,
        "passkeys": passkeys,
        "browsers": await signed_in_browsers(user, reader, lifetime=lifetime, now=now) if user.may_enter else (),
        "timeline": timeline,
        "after": "",
        "since": round(now.timestamp()),
        "is_watched": True,
        "reads_networks": reader.role is Role.ADMIN,
        "invitation": await open_invitation(user, lifetime=rules.invited_for, now=now),
        "newest": await newest_handoff(user, now=now),
        "handed": None,
        "handoff_minutes": MINUTES,
        "handoff_values": {"verified_how": "", "ticket": ""},
        "sets_passwords": policy.staff_set_passwords,
        "password_hours": policy.staff_password_hours,
        "password_expired": user.password_expired(now),
        "invitation_days": rules.invited_for.days,
        "is_oneself": user.id == reader.user_id,
        "is_administrator": reader.role is Role.ADMIN,
        "restorable_until": user.deleted_at + GRACE if user.deleted_at else None,
        "typed_username": "",
        "roles": grants(reader.role) if changes_roles(reader.role) and user.id != reader.user_id else (),
        "values": {**_details(user), **seen(user), "version": user.version},
        "errors": {},
        "mended_here": False,
        "differences": (),
        "shown_password": "",
    }


_LABELS: Final[Mapping[str, Message]] = {
    "email": message("Mail address"),
    "display_name": message("Name"),
    "role": message("Role"),
}
SEEN: Final = tuple(f"seen_{name}" for name in _LABELS)
"""The fields of the form that say what it showed at first."""


def _details(user: User) -> dict[str, str]:
    return {"email": user.email or "", "display_name": user.display_name, "role": user.role.value}


def seen(user: User) -> dict[str, str]:
    """What the form says that it showed at first, by the names of ``SEEN``."""
    return {f"seen_{name}": value for name, value in _details(user).items()}


def merged(current: User, typed: Mapping[str, str]) -> tuple[dict[str, str], tuple[Difference, ...]]:
    """What the form shows once somebody else was quicker, and what they have changed.

    What was typed stays; where nothing was, there is what is saved by now.
    """
    values, found = {}, []
    for name, theirs in _details(current).items():
        # A reader who gives no roles has no such field.
        yours = typed[name].strip() or (theirs if name == "role" else "")
        is_typed = yours != typed[f"seen_{name}"]
        values[name] = yours if is_typed else theirs
        if theirs not in {typed[f"seen_{name}"], yours}:
            found.append(Difference(_LABELS[name], theirs, yours if is_typed else ""))
    return {**values, **seen(current), "version": str(current.version)}, tuple(found)


def regions_beside(region: str) -> dict[str, str]:
    """The parts to be shown anew when ``region`` has changed something."""
    return {each: REGIONS[each] for each in TOLD if each != region}
