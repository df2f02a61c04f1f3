"""What the commands say of the canary, and do for the alerts."""

from pathlib import Path

import pytest

from tests.cli.postern import Postern
from tests.health.test_canary import FULL, canary, use_script
from tests.smtp_server import scripted_server
from tests.webhook_server import webhook_server
from tests.webhooks.alerts import keep
from tests.world import KEYS, World, database_url
from webapp.crypto.keys import Keys
from webapp.crypto.vault import Vault
from webapp.webhooks.stored import stored

NEW_KEY = "f" * 48


@pytest.fixture
def postern(world: World, tmp_path: Path) -> Postern:
    where = {"DATABASE_URL": database_url(world.kit.database), "DATA_DIR": str(tmp_path)}
    return Postern(tmp_path, SECRET_KEYS=KEYS, **where)


async def test_the_last_look_is_shown(world: World, postern: Postern) -> None:
    async with scripted_server(FULL) as server:
        await use_script(world, server.port)
        assert (await postern.run("mail-server", "show", "--json")).json["last_look"] is None
        assert "last look" not in (await postern.run("mail-server", "show")).out
        bird = canary(world)
        await bird.once()
        world.clock.advance(minutes=1)
        await bird.once()
    look = (await postern.run("mail-server", "show", "--json")).json["last_look"]
    assert (look["standing"], look["step"]) == ("failed", "greeting")
    assert "421" in look["reply"]
    assert "last look        failed at 2026-11-22" in (await postern.run("mail-server", "show")).out
    assert (await postern.run("mail-server", "show", "--fallback", "--json")).json["last_look"] is None


async def test_address_and_secret_outlive_the_key(world: World, postern: Postern) -> None:
    async with webhook_server() as server:
        await keep(world, server, signed="on", secret="canary-secret")
    keys = f"{NEW_KEY},{KEYS}"
    done = await postern.run("keys", "rotate", "--reseal-only", SECRET_KEYS=keys)
    assert (done.status, done.err) == (0, "")
    found = await stored(Vault(Keys.parse(NEW_KEY)))
    assert found is not None
    assert found.destination is not None
    assert found.destination.secret == "canary-secret"
    lost = await postern.run("keys", "rotate", "--reseal-only", SECRET_KEYS="e" * 48)
    assert lost.failed_in_one_line("/webhook")
