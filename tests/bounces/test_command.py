"""`postern bounces`, as a mail server, cron or a person runs it."""

import asyncio
import json
import os
import sys
from pathlib import Path

import pytest

from tests.bounces.reports import About, postfix
from tests.cli.postern import Postern
from tests.databases import dsn
from tests.imap_server import PASSWORD, USERNAME, imap_server
from tests.world import KEYS, World
from webapp.bounces.models import Return
from webapp.bounces.verp import Verp
from webapp.db.connect import Database, writing
from webapp.outbox.enqueue import Order, enqueue
from webapp.outbox.models import Letter, LetterState
from webapp.users.models import User

LETTER = "<0123456789abcdef0123456789abcdef@example.org>"


@pytest.fixture
def postern(tmp_path: Path, database: Database) -> Postern:
    """The command beside the world: on its database and with its keys."""
    return Postern(tmp_path, DATABASE_URL=dsn(database), SECRET_KEYS=KEYS)


async def a_report(world: World) -> str:
    """A report that marks alice's address."""
    alice = await world.person("alice", email="alice@example.org")
    order = Order(kind="password_changed", recipient="alice@example.org", language="en", user_id=alice.id)
    letter_id = await enqueue(order, now=world.clock())
    await Letter.filter(id=letter_id).update(state=LetterState.ACCEPTED, message_id=LETTER)
    sent_to = Verp(world.kit.keys).address(letter_id, "returns@example.org") or ""
    return postfix(About(sent_to=sent_to, message_id="<unknown@example.org>")).decode()


async def is_marked() -> bool:
    return (await User.get(username="alice")).email_refused_at is not None


async def test_a_message_on_standard_input_is_taken_in(world: World, postern: Postern) -> None:
    report = await a_report(world)
    done = await postern.run("bounces", text=report)
    assert (done.status, done.err) == (0, "")
    assert done.out == "standard input: letter 1 failed (5.1.1); the address is marked as undeliverable\n"
    assert await is_marked()
    done = await postern.run("bounces", "--json", text=report)
    assert done.json == [{"message": "standard input", "outcome": "known", "letter": 1}]
    done = await postern.run("bounces", text=report)
    assert done.out == "standard input: letter 1, noted before\n"


async def test_what_is_no_report_is_no_failure_however_long(world: World, postern: Postern) -> None:
    done = await postern.run("bounces", text="\0garbage" * 6_250_000)
    assert (done.status, done.out, done.err) == (0, "standard input: ignored (not a report)\n", "")
    assert (await postern.run("bounces", "--json")).json == [
        {"message": "standard input", "outcome": "ignored", "letter": None, "why": "not_a_report"}
    ]


async def test_while_the_database_is_away_a_mail_server_is_to_try_later(tmp_path: Path) -> None:
    done = await Postern(tmp_path, SECRET_KEYS=KEYS).run("bounces", text="x")
    assert done.status == 75
    assert done.err.count("\n") == 1
    assert "postern migrate" in done.err


async def test_settings_that_cannot_be_read_lose_no_message(world: World, postern: Postern) -> None:
    done = await postern.run("bounces", text="x", BIND="nonsense")
    assert (done.status, done.err.count("\n")) == (75, 1)


async def test_a_bug_loses_no_message(world: World, postern: Postern) -> None:
    report = await a_report(world)
    await writing().execute_script("ALTER TABLE returns RENAME COLUMN digest TO another")
    done = await postern.run("bounces", text=report)
    assert (done.status, done.out) == (75, "")
    assert "could not be taken in" in done.err


async def test_nobody_who_sits_at_a_terminal_is_left_waiting(world: World, postern: Postern) -> None:
    terminal, theirs = os.openpty()
    try:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            *("-m", "webapp", "bounces"),
            cwd=postern.folder,
            env=postern.environ,
            stdin=theirs,
            stderr=asyncio.subprocess.PIPE,
        )
        _, err = await asyncio.wait_for(process.communicate(), 60)
    finally:
        os.close(terminal)
        os.close(theirs)
    assert process.returncode == 2
    assert b"--maildir or --imap" in err


async def test_a_maildir_is_emptied_into_the_read(world: World, postern: Postern, tmp_path: Path) -> None:
    report = await a_report(world)
    for name in ("new", "cur", "tmp"):
        (tmp_path / "Maildir" / name).mkdir(parents=True)
    (tmp_path / "Maildir" / "new" / "1").write_text(report)
    (tmp_path / "Maildir" / "new" / "2").write_text("Subject: Away\n\nI am.\n")
    done = await postern.run("bounces", "--maildir", "Maildir", "--json")
    assert [each["outcome"] for each in done.json] == ["noted", "ignored"]
    assert await is_marked()
    assert sorted(each.name for each in (tmp_path / "Maildir" / "cur").iterdir()) == ["1:2,S", "2:2,S"]
    done = await postern.run("bounces", "--maildir", "Maildir")
    assert (done.status, done.out) == (0, "")


async def test_a_maildir_that_is_none_is_told(world: World, postern: Postern) -> None:
    (await postern.run("bounces", "--maildir", "nowhere")).failed_in_one_line("nowhere is not a Maildir")


async def test_a_mailbox_is_collected_by_imap(world: World, postern: Postern) -> None:
    report = await a_report(world)
    async with imap_server(folders=("INBOX", "Done")) as server:
        server.put(report.replace("\n", "\r\n").encode())
        (postern.folder / "password").write_text(f"{PASSWORD}\n")
        parts = {
            "BOUNCES_IMAP_HOST": server.host,
            "BOUNCES_IMAP_PORT": str(server.port),
            "BOUNCES_IMAP_USERNAME": USERNAME,
            "BOUNCES_IMAP_PASSWORD_FILE": "password",
            "BOUNCES_IMAP_MOVE_TO": "Done",
            "BOUNCES_IMAP_CA_CERTIFICATE": server.ca_pem,
        }
        done = await postern.run("bounces", "--imap", **parts)
        assert (done.status, done.err) == (0, "")
        assert done.out == "1: letter 1 failed (5.1.1); the address is marked as undeliverable\n"
        assert await is_marked()
        assert (server.folders["INBOX"], server.flags("Done")) == ([], [{r"\Seen"}])
        # The same once more, the whole address in one variable.
        server.put(report.encode())
        url = f"imaps://{USERNAME.replace('@', '%40')}:canary@{server.host}:{server.port}/INBOX"
        done = await postern.run("bounces", "--imap", "--json", **{**parts, "BOUNCES_IMAP_URL": url})
        assert [each["outcome"] for each in done.json] == ["known"]
        done = await postern.run("bounces", "--imap", BOUNCES_IMAP_URL=url)
        assert done.failed_in_one_line("certificate is not to be trusted")
        done = await postern.run("bounces", "--imap", BOUNCES_IMAP_URL=url, BOUNCES_IMAP_CA_CERTIFICATE=server.ca_pem)
        assert done.failed_in_one_line("wrong")
        assert "canary" not in done.err
    assert await Return.all().count() == 1


@pytest.mark.parametrize(
    ("variables", "words"),
    [
        ({}, "host, username and password are needed"),
        ({"BOUNCES_IMAP_URL": "https://u:canary@h"}, "must begin with imaps://"),
        ({"BOUNCES_IMAP_URL": "imaps://u:canary@h", "BOUNCES_IMAP_CA_CERTIFICATE": "x"}, "no certificate in PEM"),
    ],
)
async def test_a_mailbox_that_is_not_named_rightly_is_told(
    world: World, postern: Postern, variables: dict[str, str], words: str
) -> None:
    done = await postern.run("bounces", "--imap", **variables)
    assert done.failed_in_one_line(words, "POSTERN_BOUNCES_IMAP")
    assert "canary" not in done.err


async def test_what_was_taken_in_is_told_even_if_the_next_cannot_be(
    world: World, postern: Postern, tmp_path: Path
) -> None:
    report = await a_report(world)
    for name in ("new", "cur"):
        (tmp_path / "Maildir" / name).mkdir(parents=True)
    (tmp_path / "Maildir" / "new" / "1").write_text(report)
    (tmp_path / "Maildir" / "new" / ("x" * 255)).write_text(report)
    done = await postern.run("bounces", "--maildir", "Maildir", "--json")
    assert [each["outcome"] for each in json.loads(done.out)] == ["noted"]
    assert done.failed_in_one_line("cannot be moved")


async def test_two_places_at_once_are_a_wrong_call(world: World, postern: Postern) -> None:
    done = await postern.run("bounces", "--imap", "--maildir", "x")
    assert done.status == 2
    assert "exclude each other" in done.err
