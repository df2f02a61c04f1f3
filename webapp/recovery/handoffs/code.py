"""The code of a handoff: told by voice, typed once.

Eight digits: every language has words for them, every telephone has keys for them, and none is taken for another. They
hold 26.6 bits. There are ten tries at one handoff, so guessing succeeds at one handoff in ten million (10 in 10**8),
and only for somebody who has its link as well; a code sent by another way needs six (NIST SP 800-63B-4, 3.1.3.2).
"""

import unicodedata
from random import Random, SystemRandom
from typing import Final

from webapp.crypto.vault import Vault

DIGITS: Final = 8
TRIES: Final = 10
_SYSTEM_RANDOM: Final = SystemRandom()
_LONGEST_TYPED: Final = 40


def new_code(rng: Random = _SYSTEM_RANDOM) -> str:
    """A code, digits alone."""
    return f"{rng.randrange(10**DIGITS):0{DIGITS}}"


def in_groups(code: str) -> str:
    """The code as it is read out: two groups of four."""
    return f"{code[: DIGITS // 2]} {code[DIGITS // 2 :]}"


def read(typed: str) -> str:
    """The code that somebody typed, in the digits of whatever script; empty if it is no code at all.

    Spaces and dashes are left out, as people put them where they hear a pause.
    """
    kept = [each for each in typed[:_LONGEST_TYPED] if not each.isspace() and unicodedata.category(each) != "Pd"]
    digits = [unicodedata.decimal(each, None) for each in kept]
    return "".join(str(each) for each in digits) if len(digits) == DIGITS and None not in digits else ""


def digest(code: str, user_id: int, vault: Vault) -> str:
    """What the database keeps: 10**8 codes are hashed in a moment, so the digest needs the installation's key.

    It is made with the newest key, so that a new one ends the handoffs of the last quarter of an hour.
    """
    return vault.fingerprint({"handoff code": code, "user": str(user_id)})
