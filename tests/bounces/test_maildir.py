"""Taking messages from a Maildir: nothing is deleted, nothing taken twice."""

import os
from pathlib import Path

import pytest

from webapp.bounces.maildir import sweep
from webapp.bounces.report import LONGEST
from webapp.bounces.source import SourceFailed, Taken
from webapp.bounces.take_in import Ignored, Outcome, Why

NOTHING = (Ignored(Why.NOT_A_REPORT),)


@pytest.fixture
def maildir(tmp_path: Path) -> Path:
    for name in ("new", "cur", "tmp"):
        (tmp_path / name).mkdir()
    return tmp_path


async def swept(maildir: Path, seen: list[bytes]) -> list[Taken]:
    async def take_in(raw: bytes) -> tuple[Outcome, ...]:
        seen.append(raw)
        return NOTHING

    return [each async for each in sweep(maildir, take_in)]


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


async def test_what_is_new_is_taken_in_and_lies_among_the_read(maildir: Path) -> None:
    seen: list[bytes] = []
    for name in ("1.b", "1.a", "2.c:2,"):
        (maildir / "new" / name).write_bytes(name.encode())
    assert await swept(maildir, seen) == [Taken(each, NOTHING) for each in ("1.a", "1.b", "2.c:2,")]
    assert seen == [b"1.a", b"1.b", b"2.c:2,"]
    assert names(maildir / "new") == []
    assert names(maildir / "cur") == ["1.a:2,S", "1.b:2,S", "2.c:2,S"]
    assert await swept(maildir, seen) == []


async def test_a_message_that_could_not_be_taken_in_stays_new(maildir: Path) -> None:
    (maildir / "new" / "1").write_bytes(b"first")

    async def take_in(_raw: bytes) -> tuple[Outcome, ...]:
        raise ConnectionError("the database is away")

    with pytest.raises(ConnectionError):
        await anext(sweep(maildir, take_in))
    assert names(maildir / "new") == ["1"]


async def test_a_message_is_never_written_over(maildir: Path) -> None:
    (maildir / "cur" / "1:2,S").write_bytes(b"earlier")
    (maildir / "new" / "1").write_bytes(b"later")
    await swept(maildir, [])
    assert (maildir / "cur" / "1:2,S").read_bytes() == b"earlier"
    assert (maildir / "cur" / "1_2:2,S").read_bytes() == b"later"


async def test_of_a_huge_message_the_beginning_is_read(maildir: Path) -> None:
    seen: list[bytes] = []
    with (maildir / "new" / "1").open("wb") as file:
        file.truncate(50 * LONGEST)
    await swept(maildir, seen)
    assert len(seen[0]) == LONGEST


async def test_what_is_no_file_is_left_alone(maildir: Path) -> None:
    (maildir / "secret").write_bytes(b"not for us")
    (maildir / "new" / "link").symlink_to(maildir / "secret")
    (maildir / "new" / "folder").mkdir()
    os.mkfifo(maildir / "new" / "pipe")
    assert await swept(maildir, []) == []
    assert names(maildir / "new") == ["folder", "link", "pipe"]


async def test_another_sweep_may_be_faster(maildir: Path) -> None:
    for name in ("1", "2", "3"):
        (maildir / "new" / name).write_bytes(b"")

    async def take_in(_raw: bytes) -> tuple[Outcome, ...]:
        (maildir / "new" / "2").unlink(missing_ok=True)
        (maildir / "new" / "3").unlink(missing_ok=True)
        (maildir / "new" / "1").unlink(missing_ok=True)
        return NOTHING

    assert [each.name async for each in sweep(maildir, take_in)] == ["1"]


async def test_what_is_no_maildir_is_told(tmp_path: Path, maildir: Path) -> None:
    with pytest.raises(SourceFailed, match="is not a Maildir"):
        await swept(tmp_path / "new", [])
    (maildir / "new" / "1").write_bytes(b"")

    async def take_in(_raw: bytes) -> tuple[Outcome, ...]:
        (maildir / "cur").rmdir()
        (maildir / "cur").write_bytes(b"")
        return NOTHING

    with pytest.raises(SourceFailed, match="cannot be moved"):
        await anext(sweep(maildir, take_in))
