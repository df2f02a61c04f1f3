"""Putting a new secret key before those of the key file."""

import fcntl
import os
import tempfile
from pathlib import Path

from webapp.crypto.keys import BadKeys, Keys, generate, load_or_create


def rotate(path: Path) -> Keys:
    """Write a new key before the others into the key file, and return all of them, newest first.

    The file changes at once or not at all, and keeps mode 0600; of several processes at once each adds its own key. The
    older keys stay: they open what was sealed and verify what was signed before.

    Raises:
        BadKeys: the file is not there, cannot be used as it is, or cannot be written.
    """
    path = path.resolve()  # a link to the real place stays one
    try:
        folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError as error:
        raise _unwritten(path, error) from None
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)
        if not path.is_file():
            raise BadKeys(f"The key file {path} is not there: it is made when Postern starts for the first time.")
        load_or_create(path)  # refuses a file that is open to others, or malformed
        text = f"{generate()},\n{path.read_text('ascii').strip()}\n"
        keys = Keys.parse(text)
        _replace(path, text)
        os.fsync(folder)
        return keys
    except OSError as error:
        raise _unwritten(path, error) from None
    finally:
        os.close(folder)


def _replace(path: Path, text: str) -> None:
    descriptor, draft = tempfile.mkstemp(prefix=".key-", dir=path.parent)
    try:
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            os.fchmod(descriptor, 0o600)
            file.write(text)
            file.flush()
            os.fsync(descriptor)
        Path(draft).rename(path)
    finally:
        Path(draft).unlink(missing_ok=True)


def _unwritten(path: Path, error: OSError) -> BadKeys:
    return BadKeys(f"The key file {path} cannot be changed: {error.strerror}.")
