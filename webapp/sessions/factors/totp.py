"""One-time codes of authenticator apps (RFC 6238): SHA-1, six digits, a new one every 30 seconds."""

import base64
import hashlib
import hmac
import secrets
from datetime import datetime
from typing import Final
from urllib.parse import quote, urlencode

STEP_SECONDS: Final = 30
DIGITS: Final = 6
SECRET_BYTES: Final = 20
"""As long as SHA-1's output (RFC 4226, 4)."""
DRIFT: Final = 1
"""Steps that a clock may be off, either way (RFC 6238, 5.2)."""


def new_secret() -> bytes:
    """A shared secret of 160 random bits."""
    return secrets.token_bytes(SECRET_BYTES)


def step_of(now: datetime) -> int:
    """The number of the time step (RFC 6238, 4.2)."""
    return int(now.timestamp()) // STEP_SECONDS


def code(secret: bytes, step: int, *, digits: int = DIGITS) -> str:
    """The code of one time step (RFC 4226, 5.3)."""
    mac = hmac.digest(secret, step.to_bytes(8, "big"), hashlib.sha1)
    offset = mac[-1] & 0x0F
    number = int.from_bytes(mac[offset : offset + 4], "big") & 0x7FFFFFFF
    return str(number % 10**digits).zfill(digits)


def matching_step(secret: bytes, typed: str, *, after: int, now: datetime) -> int | None:
    """The step later than ``after`` whose code was typed, or None; it takes the same time either way."""
    present = step_of(now)
    found = None
    for step in range(present - DRIFT, present + DRIFT + 1):
        if hmac.compare_digest(code(secret, step).encode(), typed.encode("utf-8", "surrogatepass")) and step > after:
            found = step
    return found


def text_of(secret: bytes) -> str:
    """The secret in base32, as apps take it."""
    return base64.b32encode(secret).decode("ascii")


def uri(secret: bytes, *, issuer: str, account: str) -> str:
    """What the QR code says (Key URI Format); all else is what apps assume."""
    label = f"{quote(issuer, safe='')}:{quote(account, safe='')}"
    return f"otpauth://totp/{label}?{urlencode({'secret': text_of(secret), 'issuer': issuer}, quote_via=quote)}"
