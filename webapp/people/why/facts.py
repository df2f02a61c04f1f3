"""What is looked up to say why somebody cannot get in: everything as it is at this moment."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from webapp.audit.models import AuditEntry
from webapp.crypto.vault import Vault
from webapp.delivery.log.letter import History, history
from webapp.delivery.standing import Presets, Waiting, standing
from webapp.health.now import Now, now_of
from webapp.mail_server.active import Health, health
from webapp.mail_server.models import Slot
from webapp.outbox.models import Letter
from webapp.recovery.invitations.send import INVITATION
from webapp.recovery.send_link import RESET_LINK
from webapp.security_policy import Policy
from webapp.sessions.factors import held
from webapp.sessions.models import Factor
from webapp.users.models import User, UserState


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What is known of a person and of the mail server."""

    user: User
    now: datetime
    locked_until: datetime | None
    disabled_at: datetime | None
    """None if they are not, or nobody wrote down when."""
    waiting: Waiting | None
    """Why letters wait, or who takes them meanwhile."""
    tested: Health
    looked: Now | None
    letter: History | None
    """The last letter with a link to set a password by."""
    factors: Sequence[Factor]
    factor_required: bool

    @property
    def called(self) -> str:
        """How the person is called."""
        return self.user.display_name or self.user.username

    @property
    def needs_link(self) -> bool:
        """Whether there is no password with which they could sign in."""
        return self.user.password_hash is None or self.user.password_expired(self.now)


async def facts_of(
    user: User, *, locked_until: datetime | None, vault: Vault, presets: Presets, policy: Policy, now: datetime
) -> Facts:
    """Look everything up. ``locked_until``: until when somebody has to wait who tries to sign in as this person."""
    disabled = AuditEntry.filter(subject_id=user.id, action="user:disabled").order_by("-id")
    shut = await disabled.first() if user.state is UserState.DISABLED else None
    last = await Letter.filter(user_id=user.id, kind__in=[RESET_LINK, INVITATION]).order_by("-id").first()
    return Facts(
        user=user,
        now=now,
        locked_until=locked_until,
        disabled_at=shut.at if shut else None,
        waiting=await standing(vault, presets),
        tested=await health(vault, presets[Slot.PRIMARY]),
        looked=await now_of(vault, presets[Slot.PRIMARY]),
        letter=await history(last.id) if last else None,
        factors=await held.of(user.id) if user.second_factor else [],
        factor_required=user.role in policy.factor_roles,
    )
