"""An envelope sender of its own for each letter (VERP), signed, so that what comes back names its letter.

``returns+{id}.{signature}@example.org``: both parts in lower-case base32, since servers on the way may fold case.
"""

import base64
import hashlib
import hmac
import re
from typing import Final

from webapp.crypto.keys import Keys
from webapp.smtp.envelope import mailbox

_SIGNATURE_BYTES: Final = 10
"""80 bits; each guess costs a message to the bounce address."""
_MARK: Final = re.compile(r"\+([a-z2-7]{1,13})\.([a-z2-7]{16})(?=@)")
_LARGEST_ID: Final = 2**63 - 1
_DIGITS: Final = "abcdefghijklmnopqrstuvwxyz234567"


class Verp:
    """Writes and reads such addresses with the installation's keys."""

    def __init__(self, keys: Keys) -> None:
        self._keys = keys.derive("return path")

    def address(self, letter_id: int, bounce_address: str) -> str | None:
        """The envelope sender of this letter, made from the address that takes what comes back.

        None where there is no such address. One that leaves no room (RFC 5321, 4.5.3.1) is used as it is: its returns
        are still found by the letter's Message-ID.
        """
        local, at, domain = bounce_address.rpartition("@")
        if not at or not local:
            return None
        marked = f"{local}+{_number(letter_id)}.{_signature(self._keys[0], letter_id)}@{domain}"
        return marked if mailbox(marked) else bounce_address

    def letters_in(self, text: str) -> list[int]:
        """The letters named by such addresses anywhere in a text, as far as a key of this installation signed them."""
        found = ((_id_of(number), given) for number, given in _MARK.findall(text.lower()))
        return list(dict.fromkeys(number for number, given in found if number is not None and self._is(number, given)))

    def _is(self, letter_id: int, given: str) -> bool:
        return any(hmac.compare_digest(_signature(key, letter_id), given) for key in self._keys)


def _signature(key: bytes, letter_id: int) -> str:
    digest = hmac.digest(key, str(letter_id).encode("ascii"), hashlib.sha256)
    return base64.b32encode(digest[:_SIGNATURE_BYTES]).decode("ascii").lower()


def _number(letter_id: int) -> str:
    digits = ""
    while letter_id or not digits:
        letter_id, digit = divmod(letter_id, 32)
        digits = _DIGITS[digit] + digits
    return digits


def _id_of(number: str) -> int | None:
    value = 0
    for digit in number:
        value = value * 32 + _DIGITS.index(digit)
    return value if 0 < value <= _LARGEST_ID else None
