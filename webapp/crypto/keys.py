"""The installation's secret keys, and the keys derived from them for each purpose."""

import os
import secrets
import stat
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

SHORTEST_KEY: Final = 32
"""Characters that a secret key has at least."""

DERIVED_BYTES: Final = 32
LONGEST_FILE: Final = 65_536


class BadKeys(ValueError):
    """Raised if the secret keys cannot be used. Its text is one sentence and never repeats a key."""


@dataclass(frozen=True, slots=True)
class Keys:
    """Secret keys, newest first: the newest signs and seals, all of them verify and open.

    Neither ``repr`` nor ``str`` shows them.
    """

    _secrets: tuple[str, ...] = field(repr=False)

    @classmethod
    def parse(cls, text: str) -> "Keys":
        """Read comma-separated secrets, newest first; white space around each is ignored.

        Raises BadKeys if there is none, or if one is empty, too short or not printable ASCII.
        """
        if not text.strip():
            raise BadKeys("No secret key is set.")
        found = tuple(part.strip() for part in text.split(","))
        for position, secret in enumerate(found, start=1):
            if not secret:
                raise BadKeys(f"Secret key {position} of {len(found)} is empty: check the commas.")
            if not (secret.isascii() and secret.isprintable()):
                raise BadKeys(f"Secret key {position} of {len(found)} may hold only printable ASCII characters.")
            if len(secret) < SHORTEST_KEY:
                raise BadKeys(f"Secret key {position} of {len(found)} has fewer than {SHORTEST_KEY} characters.")
        return cls(found)

    def derive(self, purpose: str) -> list[bytes]:
        """A key of 32 bytes for one purpose from each secret, newest first (HKDF-SHA256, RFC 5869).

        Raises ValueError if the purpose is empty.
        """
        if not purpose:
            raise ValueError("a derived key needs a purpose")
        info = b"postern/" + purpose.encode()
        return [
            HKDF(algorithm=SHA256(), length=DERIVED_BYTES, salt=None, info=info).derive(secret.encode())
            for secret in self._secrets
        ]


def generate() -> str:
    """A new secret key of 256 random bits, good for Keys.parse."""
    return secrets.token_urlsafe(32)


def load_or_create(path: Path) -> Keys:
    """Read the key file, or write one with a new key if there is none.

    Of several processes that start at once, one writes the file and all read the same key. The file has mode 0600.
    Raises BadKeys if the file cannot be read or written, is empty or malformed, or is open to other users.
    """
    try:
        return _load(path)
    except FileNotFoundError:
        _create(path)
    try:
        return _load(path)
    except FileNotFoundError:
        raise BadKeys(f"The key file {path} cannot be read: it is a broken link, or was removed.") from None


def _load(path: Path) -> Keys:
    """Raises FileNotFoundError if there is no such file, and BadKeys for every other trouble."""
    try:
        # Without O_NONBLOCK a named pipe at this place would hang the start.
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except FileNotFoundError:
        raise
    except OSError as error:
        raise BadKeys(f"The key file {path} cannot be read: {error.strerror}.") from None
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise BadKeys(f"The key file {path} is not a regular file.")
        if stat.S_IMODE(status.st_mode) & 0o077:
            raise BadKeys(f"The key file {path} is open to other users of this machine: run chmod 600 on it.")
        if status.st_size > LONGEST_FILE:
            raise BadKeys(f"The key file {path} is too large to be one.")
        content = os.read(descriptor, LONGEST_FILE)
    finally:
        os.close(descriptor)
    if not content.strip():
        raise BadKeys(f"The key file {path} is empty: restore it from a backup, or remove it to start with a new key.")
    try:
        return Keys.parse(content.decode("ascii"))
    except UnicodeDecodeError:
        raise BadKeys(f"The key file {path} may hold only ASCII text.") from None
    except BadKeys as error:
        raise BadKeys(f"The key file {path} is no good: {error}") from None


def _create(path: Path) -> None:
    """Write a key file unless another process was faster: it appears whole, under its name, or not at all."""
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor, draft = tempfile.mkstemp(prefix=".key-", dir=path.parent)
    except OSError as error:
        raise BadKeys(f"The key file {path} cannot be created: {error.strerror}.") from None
    try:
        with os.fdopen(descriptor, "wb") as file:
            os.fchmod(descriptor, 0o600)
            file.write(generate().encode() + b"\n")
            file.flush()
            os.fsync(descriptor)
        # Unlike a rename, a link fails if the name is taken: the first process wins.
        os.link(draft, path)
        _sync_directory(path.parent)
    except FileExistsError:
        pass
    except OSError as error:
        raise BadKeys(f"The key file {path} cannot be created: {error.strerror}.") from None
    finally:
        Path(draft).unlink()


def _sync_directory(directory: Path) -> None:
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
