"""The address for returned mail: optional, part of what was tested, and no business of the credential firewall."""

import dataclasses

import pytest

from tests.mail_server.filling import CANARY, error_of, fields, with_password
from tests.world import Browser, World
from webapp.mail_server.active import ActiveServer, active_server
from webapp.mail_server.preset import check_preset
from webapp.mail_server.verdict import fingerprint
from webapp.smtp.server import MailServer, Security

PATH = "/mail-server"
RETURNS = "returns@example.org"


async def _server(world: World, **preset: str) -> MailServer:
    found = await active_server(world.kit.vault, preset)
    assert isinstance(found, ActiveServer)
    return found.server


async def test_it_is_optional_and_kept(world: World, alice: Browser) -> None:
    assert (await alice.post(PATH, with_password())).status_code == 303
    assert (await _server(world)).bounce_address == ""
    # No password is typed: the stored one goes with another address for returned mail.
    changed = with_password(password="", bounce_address=f" {RETURNS} ")
    assert (await alice.post(PATH, changed)).status_code == 303
    server = await _server(world)
    assert (server.bounce_address, server.secret) == (RETURNS, CANARY)
    assert f'value="{RETURNS}"' in (await alice.get(PATH)).text
    assert RETURNS in (await alice.get(f"{PATH}/revisions")).text


async def test_it_must_be_an_address(alice: Browser) -> None:
    refused = await alice.htmx_post(PATH, fields(bounce_address="returns"))
    assert refused.status_code == 422
    assert "name@example.org" in error_of(refused, "bounce_address")


async def test_the_environment_may_fix_it(world: World, alice: Browser) -> None:
    check_preset({"bounce_address": RETURNS})
    with pytest.raises(ValueError, match="POSTERN_MAIL_SERVER_BOUNCE_ADDRESS cannot be used"):
        check_preset({"bounce_address": "returns"})
    await alice.post(PATH, fields(bounce_address="typed@example.org"))
    assert (await _server(world, bounce_address=RETURNS)).bounce_address == RETURNS


async def test_another_address_is_another_server_to_the_last_test(world: World) -> None:
    plain = MailServer(host="mail.example.org", port=25, security=Security.NONE, sender_address="a@example.org")
    prints = {
        fingerprint(world.kit.vault, dataclasses.replace(plain, bounce_address=address))
        for address in ("", RETURNS, "other@example.org")
    }
    assert len(prints) == 3


async def test_tests_from_before_it_came_still_count(world: World) -> None:
    plain = MailServer(host="mail.example.org", port=25, security=Security.NONE, sender_address="a@example.org")
    names = [each.name for each in dataclasses.fields(plain) if each.name not in {"oauth", "bounce_address"}]
    older = {name: str(getattr(plain, name)) for name in names}
    assert fingerprint(world.kit.vault, plain) == world.kit.vault.fingerprint(older)
