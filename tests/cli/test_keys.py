import asyncio
import stat

import pytest

from tests.cli.postern import Postern
from webapp.crypto.keys import BadKeys, generate, load_or_create
from webapp.crypto.rotation import rotate
from webapp.db.connect import Database

SET = ["mail-server", "set", "--host", "mail.example.org", "--port", "587", "--security", "starttls",
       "--auth", "password", "--username", "mailer", "--sender-address", "postern@example.org"]  # fmt: skip


def lines(postern: Postern) -> list[str]:
    return (postern.folder / "var" / "secret-keys").read_text().split()


async def state(postern: Postern, **variables: str) -> str:
    """What the doctor says of the mail server."""
    rows = (await postern.run("doctor", "--json", **variables)).json
    return next(f"{row['state']}: {row['text']}" for row in rows if row["check"] == "mail server")


async def set_up(postern: Postern, **variables: str) -> None:
    done = await postern.run(*SET, "--password-stdin", text="mail secret\n", **variables)
    assert done.status == 0, done


async def test_a_stored_password_survives_the_loss_of_the_old_key(installed: Postern) -> None:
    await set_up(installed)
    for number in (2, 3):  # safe to repeat
        done = await installed.run("keys", "rotate")
        assert done.status == 0
        assert done.out == "Stored passwords under the newest key: 1.\n"
        assert "Restart Postern" in done.err
        assert len(lines(installed)) == number
    file = installed.folder / "var" / "secret-keys"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    file.write_text(lines(installed)[0].strip(","))
    assert "not tested" in await state(installed)
    file.write_text(generate())
    assert "Please type the password again" in await state(installed)
    done = await installed.run("keys", "rotate", "--json")
    assert done.status == 1
    assert done.json == {"passwords": 0, "unreadable": 1}
    assert "type them again" in done.err


async def test_a_new_key_for_the_environment_is_printed(installed: Postern) -> None:
    old = generate()
    await set_up(installed, SECRET_KEYS=old)
    done = await installed.run("keys", "rotate", SECRET_KEYS=old)
    assert done.status == 0
    assert "POSTERN_SECRET_KEYS" in done.err
    new = done.out.strip()
    assert (await installed.run("keys", "rotate", "--json", SECRET_KEYS=old)).json["new_key"] != new
    done = await installed.run("keys", "rotate", "--reseal-only", "--json", SECRET_KEYS=f"{new},{old}")
    assert done.json == {"passwords": 1, "unreadable": 0}
    assert "not tested" in await state(installed, SECRET_KEYS=new)
    assert not (installed.folder / "var").exists()


async def test_a_key_file_that_was_taken_away_meanwhile_is_not_made_up(fresh: Postern) -> None:
    file = fresh.folder / "keys"
    with pytest.raises(BadKeys, match="not there"):
        rotate(file)
    with pytest.raises(BadKeys, match="cannot be changed"):
        rotate(fresh.folder / "absent" / "keys")
    file.write_text("k" * 40)
    file.chmod(0o644)
    with pytest.raises(BadKeys, match="chmod 600"):
        rotate(file)
    assert file.read_text() == "k" * 40


async def test_of_two_rotations_at_once_each_adds_its_key(fresh: Postern) -> None:
    file, link = fresh.folder / "keys", fresh.folder / "link"
    load_or_create(file)
    link.symlink_to(file)
    await asyncio.gather(*(asyncio.to_thread(rotate, each) for each in (file, link) * 4))
    assert len(file.read_text().split(",")) == 9
    assert link.is_symlink()
    assert [path.name for path in fresh.folder.iterdir()] != []
    assert not list(fresh.folder.glob(".key-*"))


async def test_a_rotation_without_a_database_changes_no_key(fresh: Postern, sqlite_database: Database) -> None:
    assert (await fresh.run("migrate")).status == 0
    before = lines(fresh)
    done = await fresh.run("keys", "rotate", DATABASE_URL="sqlite:///absent.sqlite3")
    assert done.failed_in_one_line("postern migrate")
    assert lines(fresh) == before
