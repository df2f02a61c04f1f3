from pathlib import Path

from tests.mail_server.filling import CANARY, fields, with_password
from tests.world import Browser, World, a_world
from webapp.db.connect import Database, transaction
from webapp.mail_server.active import ActiveServer, State, active_server, health
from webapp.principal import Role
from webapp.sessions.session import Client, begin

PATH = "/mail-server"
WHOLE = {
    "host": "relay.example.org",
    "port": "587",
    "security": "starttls",
    "username": "env-user",
    "password": CANARY,
    "sender_address": "env@example.org",
}


async def test_nothing_set_up_is_none(world: World) -> None:
    assert await active_server(world.kit.vault, {}) is None
    assert (await health(world.kit.vault, {})).state is State.NONE


async def test_what_was_saved_is_in_use(world: World, alice: Browser) -> None:
    await alice.post(PATH, with_password())
    found = await active_server(world.kit.vault, {})
    assert isinstance(found, ActiveServer)
    assert (found.revision_id, found.server.host, found.server.secret) == (1, "smtp.example.org", CANARY)
    assert (await health(world.kit.vault, {})).state is State.UNTESTED


async def test_the_environment_alone_can_set_a_server_up(world: World) -> None:
    found = await active_server(world.kit.vault, WHOLE)
    assert isinstance(found, ActiveServer)
    assert (found.revision_id, found.server.secret) == (0, CANARY)
    assert await active_server(world.kit.vault, {"host": "relay.example.org"}) is None


async def _administrator(world: World) -> Browser:
    user = await world.person("root", email="root@example.org", role=Role.ADMIN)
    async with transaction():
        token = await begin(user, Client("127.0.0.1", "tests"), now=world.clock())
    browser = world.browser()
    browser.client.cookies.set("postern_session", token)
    return browser


async def test_fixed_fields_are_shown_with_their_variable_and_cannot_be_posted(db: Database, tmp_path: Path) -> None:
    async with a_world(db, tmp_path, mail_server={"host": "relay.example.org", "port": "2525"}) as world:
        root = await _administrator(world)
        page = (await root.get(PATH)).text
        assert "Set by POSTERN_MAIL_SERVER_HOST" in page
        assert 'value="relay.example.org"' in page
        assert "Set by POSTERN_MAIL_SERVER_USERNAME" not in page
        assert (await root.post(PATH, fields(host="evil.example.org", port="25"))).status_code == 303
        found = await active_server(world.kit.vault, {"host": "relay.example.org", "port": "2525"})
        assert isinstance(found, ActiveServer)
        assert (found.server.host, found.server.port) == ("relay.example.org", 2525)
        page = (await root.get(PATH)).text
        assert "evil" not in page


async def test_a_wholly_preset_server_shows_no_password(db: Database, tmp_path: Path) -> None:
    async with a_world(db, tmp_path, mail_server=WHOLE) as world:
        root = await _administrator(world)
        page = (await root.get(PATH)).text
        assert "Set by POSTERN_MAIL_SERVER_PASSWORD" in page
        assert "In use, but not tested" in page
        assert CANARY not in page
        saved = await root.htmx_post(PATH, fields(auth="none", password="theirs", ca_certificate="theirs"))
        assert saved.status_code == 200
        assert CANARY not in saved.text


async def test_development_offers_its_mailbox_in_one_click(db: Database, tmp_path: Path) -> None:
    async with a_world(db, tmp_path, dev=True) as world:
        root = await _administrator(world)
        assert "/mail-server?preset=dev-mailbox" in (await root.get(PATH)).text
        page = await root.get(f"{PATH}?preset=dev-mailbox")
        filled = {name: root.hidden(page, name) for name in ("host", "port", "sender_address")}
        assert filled == {"host": "127.0.0.1", "port": "1025", "sender_address": "postern@postern.test"}
        saved = await root.post(PATH, {**fields(), **filled})
        assert saved.status_code == 303
