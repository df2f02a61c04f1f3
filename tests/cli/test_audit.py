"""`postern audit`."""

from datetime import UTC, datetime, timedelta

from tests.audit.tampering import tamper
from tests.cli.postern import Postern
from webapp.audit.chain import ChainKeys
from webapp.audit.models import AuditEntry
from webapp.audit.record import Actor, Deed, Subject, record
from webapp.audit.sealer import Sealer
from webapp.crypto.keys import Keys
from webapp.db.connect import Database, connected

KEY = "k" * 40


async def test_it_says_that_the_audit_is_whole_and_names_what_is_not(installed: Postern, database: Database) -> None:
    installed.variables["POSTERN_SECRET_KEYS"] = KEY
    now = datetime.now(UTC)
    async with connected(database):
        for name in ("ada", "bob\x1b[2J", "carl"):
            await record(Actor("root", 1), Deed("user:created", Subject(name)), now=now)
        await Sealer(ChainKeys(Keys.parse(KEY))).once()
        await record(Actor("root", 1), Deed("user:created", Subject("dora")), now=now)

        done = await installed.run("audit", "verify")
        assert done.status == 0
        assert "As sealed: 3 entries. Not sealed yet: 1." in done.out
        noted = done.out.rpartition("Newest seal: ")[2].strip()
        done = await installed.run("audit", "verify", "--json", "--noted", noted)
        assert (done.status, done.json["intact"], done.json["sealed"], done.json["newest"]) == (0, True, 3, noted)
        number, _, mac = noted.partition(":")
        done = await installed.run("audit", "verify", "--noted", f"{int(number) + 1}:{mac}")
        assert done.failed_in_one_line("an older state was put back")
        assert (await installed.run("audit", "verify", "--noted", "3")).status == 2

        await tamper("UPDATE audit_entries SET actor = 'else\x1b[2J' WHERE subject LIKE 'bob%'")
        done = await installed.run("audit", "verify")
        assert done.failed_in_one_line("no. 2", "changed", "user:created")
        assert "\x1b" not in done.err
        done = await installed.run("audit", "verify", "--json")
        assert done.status == 1
        assert (done.json["fault"], done.json["number"], done.json["sealed_before"]) == ("changed", 2, 1)
        assert done.json["content"]["details"] == {}


async def test_purge_takes_old_entries_and_is_one(installed: Postern, database: Database) -> None:
    installed.variables["POSTERN_SECRET_KEYS"] = KEY
    now = datetime.now(UTC)
    async with connected(database):
        for days in (400, 20, 5):
            await record(Actor("root", 1), Deed("user:created", Subject(f"{days}")), now=now - timedelta(days=days))
        await Sealer(ChainKeys(Keys.parse(KEY))).once()
        done = await installed.run("purge", "--json")
        assert (done.status, done.json["audit"]) == (0, 1)
        done = await installed.run("purge", "--json", AUDIT_DAYS="10")
        assert (done.status, done.json["audit"]) == (0, 1)
        done = await installed.run("audit", "verify", "--json")
        assert (done.json["intact"], done.json["deleted_up_to"], done.json["sealed"]) == (True, 2, 1)
        left = [(each.actor, each.action, each.subject) for each in await AuditEntry.all().order_by("id")]
        assert left[0] == ("root", "user:created", "5")
        assert set(left[1:]) == {("command line", "audit:forgot", ""), ("command line", "history:purged", "")}


async def test_a_rotated_key_leaves_old_seals_good(fresh: Postern) -> None:
    assert (await fresh.run("migrate")).status == 0
    assert (await fresh.run("users", "create", "ada")).status == 0
    assert (await fresh.run("keys", "rotate")).status == 0
    done = await fresh.run("audit", "verify", "--json")
    assert (done.status, done.json["intact"], done.json["unsealed"]) == (0, True, 2)
