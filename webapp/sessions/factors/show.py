"""Showing that one has the second factor: at sign-in, and wherever it is asked for again."""

from datetime import datetime

from webapp.audit.record import Actor, Deed, Subject, record
from webapp.crypto.vault import Vault
from webapp.db.connect import transaction
from webapp.sessions.factors import held, recovery_codes, totp
from webapp.sessions.factors.passkeys import Passkeys
from webapp.sessions.models import Factor, FactorKind
from webapp.users.models import User


async def by_code(user: User, typed: str, *, actor: Actor, vault: Vault, now: datetime) -> bool:
    """Whether this is a code of one of their apps, or a recovery code. It is used up: it works once.

    Call it inside the transaction of what follows, so that no code is used up for nothing.
    """
    plain = "".join(typed.split())
    if plain.isascii() and plain.isdigit() and len(plain) == totp.DIGITS:
        for factor in await held.of(user.id):
            if factor.kind is FactorKind.TOTP and await _took_step(factor, plain, vault=vault, now=now):
                return True
        return False
    if not await recovery_codes.take(user.id, plain, vault=vault, now=now):
        return False
    await record(actor, Deed("user:used_recovery_code", Subject(user.username, user.id)), now=now)
    few = await recovery_codes.left(user.id) <= recovery_codes.FEW
    await held.tell(user, "few_codes" if few else "code_used", network=actor.network, now=now)
    return True


async def by_passkey(user: User, answer: str, *, passkeys: Passkeys, challenge: str, now: datetime) -> bool:
    """Whether one of their passkeys has signed this challenge. Call it inside the transaction of what follows.

    A counter that does not rise tells of a copy (WebAuthn, 6.1.1): that is refused; many passkeys always say zero.
    """
    shown = passkeys.read_shown(answer, held.passkeys_among(await held.of(user.id)), challenge=challenge)
    if shown is None:
        return False
    matching = Factor.filter(id=shown.factor.id)
    counts = matching.filter(sign_count__lt=shown.sign_count) if shown.sign_count else matching.filter(sign_count=0)
    return bool(await counts.update(sign_count=shown.sign_count, last_used_at=now))


async def again(user_id: int, typed: str, *, network: str, vault: Vault, now: datetime) -> bool:
    """Whether a signed-in person shows their factor again by a code; for re-authentication."""
    async with transaction():
        user = await User.get(id=user_id)
        return await by_code(user, typed, actor=Actor(user.username, user.id, network), vault=vault, now=now)


def binding(user_id: int) -> dict[str, str]:
    """What an app's sealed secret belongs to."""
    return {"authenticator app of": str(user_id)}


async def _took_step(factor: Factor, typed: str, *, vault: Vault, now: datetime) -> bool:
    opened = vault.open(factor.sealed_secret, binding(factor.user_id))
    if not isinstance(opened, str):
        return False
    step = totp.matching_step(bytes.fromhex(opened), typed, after=factor.last_step, now=now)
    if step is None:
        return False
    guarded = Factor.filter(id=factor.id, last_step__lt=step)
    return bool(await guarded.update(last_step=step, last_used_at=now))
