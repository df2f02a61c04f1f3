from datetime import UTC, datetime
from urllib.parse import urlsplit

from tests.cli.postern import Postern, browser, running
from tests.world import PASSWORD, World
from webapp.audit.models import AuditEntry
from webapp.audit.record import COMMAND_LINE
from webapp.db.connect import Database
from webapp.recovery.break_glass import Disabled, Made, make_link
from webapp.users.models import User, UserState

OURS = {"Sec-Fetch-Site": "same-origin"}


async def test_the_printed_link_lets_its_owner_in_once(installed: Postern) -> None:
    assert (await installed.run("users", "create", "ada", "--email", "ada@example.org")).status == 0
    async with running(installed, "serve", "--no-worker") as server, browser(server) as client:
        older = (await installed.run("users", "recovery-link", "ADA")).out.strip()
        done = await installed.run("users", "recovery-link", "ada@example.org", "--json")
        assert done.status == 0
        assert done.json["minutes"] == 30
        link = done.json["link"]
        assert (await client.get(urlsplit(older).path)).status_code == 410
        answer = await client.get(urlsplit(link).path)
        assert answer.headers["location"] == "/password-reset/new"
        form = await client.get("/password-reset/new")
        assert form.status_code == 200
        fingerprint = form.text.partition('name="link" value="')[2].partition('"')[0]
        fields = {"link": fingerprint, "new_password": PASSWORD}
        assert (await client.post("/password-reset/new", data=fields, headers=OURS)).status_code == 303
        assert (await client.get(urlsplit(link).path)).status_code == 410
        signed_in = await client.post("/sign-in", data={"identifier": "ada", "password": PASSWORD}, headers=OURS)
        assert signed_in.status_code == 303


async def test_nobody_gets_no_link(installed: Postern) -> None:
    assert (await installed.run("users", "recovery-link", "nobody")).failed_in_one_line("nobody")


async def test_a_link_is_on_record_without_what_opens_it(world: World) -> None:
    ada = await world.person("ada")
    made = await make_link(ada.id, links=world.kit.links, actor=COMMAND_LINE, now=world.clock())
    assert isinstance(made, Made)
    entry = await AuditEntry.get(action="user:made_recovery_link")
    assert (entry.actor, entry.subject, entry.subject_id) == ("command line", "ada", ada.id)
    assert made.path.rpartition("/")[2] not in str(entry.details) + repr(made)


async def test_a_disabled_account_gets_no_link(world: World, installed: Postern) -> None:
    ada = await world.person("ada")
    await User.filter(id=ada.id).update(state=UserState.DISABLED)
    outcome = await make_link(ada.id, links=world.kit.links, actor=COMMAND_LINE, now=world.clock())
    assert isinstance(outcome, Disabled)
    assert (await installed.run("users", "recovery-link", "ada")).failed_in_one_line("disabled")
    assert not await AuditEntry.filter(action="user:made_recovery_link").exists()


async def test_a_password_set_on_the_machine_thaws_a_frozen_account(installed: Postern, db: Database) -> None:
    assert (await installed.run("users", "create", "ada", "--email", "ada@example.org")).status == 0
    async with running(installed, "serve", "--no-worker") as server, browser(server) as client:
        await User.filter(username="ada").update(frozen_at=datetime.now(UTC))
        done = await installed.run("users", "set-password", "ada", "--generate", "--keep", "--json")
        fields = {"identifier": "ada", "password": done.json["password"]}
        assert (await client.post("/sign-in", data=fields, headers=OURS)).status_code == 303
    assert await AuditEntry.filter(action="user:thawed", actor=COMMAND_LINE.name).count() == 1
