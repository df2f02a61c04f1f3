"""Taking messages from a Maildir."""

import stat
from collections.abc import AsyncIterator
from pathlib import Path

from webapp.bounces.report import LONGEST
from webapp.bounces.source import SourceFailed, TakeIn, Taken


async def sweep(folder: Path, take_in: TakeIn) -> AsyncIterator[Taken]:
    """Take in what is new, and move it among the messages that were read (``cur``, flag S). Nothing is ever deleted.

    Raises:
        SourceFailed: it is no Maildir, or a message can be neither read nor moved.
    """
    new, read = folder / "new", folder / "cur"
    if not (new.is_dir() and read.is_dir()):
        raise SourceFailed(f"{folder} is not a Maildir: it has no folders new and cur.")
    try:
        names = sorted(path.name for path in new.iterdir())
    except OSError as error:
        raise SourceFailed(f"{new} cannot be read: {error.strerror}.") from None
    for name in names:
        try:
            raw = _read(new / name)
        except FileNotFoundError:
            continue  # somebody else was faster
        except OSError as error:
            raise SourceFailed(f"{new / name} cannot be read: {error.strerror}.") from None
        if raw is None:
            continue
        outcomes = await take_in(raw)
        try:
            _move(new / name, read)
        except FileNotFoundError:
            pass
        except OSError as error:
            raise SourceFailed(f"{new / name} cannot be moved to {read}: {error.strerror}.") from None
        yield Taken(name, outcomes)


def _read(path: Path) -> bytes | None:
    """The beginning of the message; None for what is no regular file."""
    if not stat.S_ISREG(path.lstat().st_mode):
        return None
    with path.open("rb") as file:
        return file.read(LONGEST)


def _move(path: Path, folder: Path) -> None:
    unique = path.name.partition(":")[0]
    target = folder / f"{unique}:2,S"
    copy = 1
    while target.exists():  # unique names should be unique; a message is never written over
        copy += 1
        target = folder / f"{unique}_{copy}:2,S"
    path.rename(target)
