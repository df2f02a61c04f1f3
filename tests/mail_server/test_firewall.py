"""A stored password is used only for what it was typed for (CWE-522)."""

import pytest

from tests.mail_server.filling import CANARY, error_of, with_password
from tests.smtp_server import Certificate, ca_pem, certificate_pem, smtp_server
from tests.world import Browser, World
from webapp.mail_server.active import ActiveServer, NotReady, active_server
from webapp.mail_server.models import Revision

PATH = "/mail-server"
AGAIN = "type the password again"


@pytest.mark.parametrize(
    "change",
    [
        {"host": "localhost"},
        {"host": "evil.example.org"},
        {"port": "2525"},
        {"security": "starttls"},
        {"security": "tls"},
        {"username": "somebody-else"},
        {"ca_certificate": "own"},
    ],
)
async def test_a_changed_server_asks_for_the_password_again(alice: Browser, change: dict[str, str]) -> None:
    if "ca_certificate" in change:
        change = {"ca_certificate": certificate_pem(Certificate.SELF_SIGNED)}
    await alice.post(PATH, with_password(host="127.0.0.1", port="587"))
    changed = with_password(**{"host": "127.0.0.1", "port": "587", "password": "", **change})
    for path in (PATH, f"{PATH}/tests"):
        for post in (alice.post, alice.htmx_post):
            response = await post(path, {**changed, "recipient": "alice@example.org"})
            assert response.status_code == 422
            assert AGAIN in error_of(response, "password")
            assert CANARY not in response.text
    assert await Revision.all().count() == 1


async def test_the_new_host_sees_no_sign_in(alice: Browser) -> None:
    async with (
        smtp_server(credentials=("postern", CANARY)) as ours,
        smtp_server(credentials=("postern", CANARY)) as evil,
    ):
        await alice.post(PATH, with_password(ours))
        await alice.htmx_post(f"{PATH}/tests", {**with_password(evil, password=""), "recipient": "alice@example.org"})
        await alice.post(PATH, with_password(evil, password=""))
        assert evil.connections == 0
        assert evil.sign_ins == []
        fine = await alice.htmx_post(
            f"{PATH}/tests", {**with_password(ours, password=""), "recipient": "a@example.org"}
        )
        assert "The test mail has been sent." in fine.text
        assert ours.sign_ins == [("PLAIN", "postern", CANARY)]


async def test_what_does_not_concern_the_password_needs_it_not(alice: Browser) -> None:
    await alice.post(PATH, with_password())
    other = {
        "sender_name": "Other",
        "sender_address": "other@example.org",
        "timeout_seconds": "9",
        "ehlo_name": "a.example",
    }
    assert (await alice.post(PATH, with_password(password="", **other))).status_code == 303
    assert (await alice.post(PATH, with_password(password="", host="SMTP.Example.org. "))).status_code == 303


async def test_going_without_a_sign_in_forgets_the_password(alice: Browser) -> None:
    await alice.post(PATH, with_password())
    await alice.post(PATH, with_password(auth="none", password=""))
    assert (await Revision.all().order_by("-id").first()).sealed_password == ""  # type: ignore[union-attr]
    assert (await alice.post(PATH, with_password(password=""))).status_code == 422


async def test_a_password_copied_to_another_row_stays_shut(world: World, alice: Browser) -> None:
    await alice.post(PATH, with_password())
    await Revision.all().update(host="evil.example.org")
    found = await active_server(world.kit.vault, {})
    assert isinstance(found, NotReady)
    assert "type the password again" in str(found.reason)
    assert "type the password again" in (await alice.get(PATH)).text


async def test_the_environment_cannot_lead_a_stored_password_elsewhere(world: World, alice: Browser) -> None:
    await alice.post(PATH, with_password())
    same = await active_server(world.kit.vault, {"host": "smtp.example.org"})
    assert isinstance(same, ActiveServer)
    assert same.server.secret == CANARY
    assert isinstance(await active_server(world.kit.vault, {"host": "evil.example.org"}), NotReady)


async def test_a_lost_key_is_said_and_mended_by_typing_again(world: World, alice: Browser) -> None:
    await alice.post(PATH, with_password())
    await Revision.all().update(sealed_password="gAAAAA-damaged")
    assert isinstance(await active_server(world.kit.vault, {}), NotReady)
    assert (await alice.get(PATH)).status_code == 200
    assert "no longer here" in error_of(await alice.post(PATH, with_password(password="")), "password")
    assert (await alice.post(PATH, with_password())).status_code == 303
    found = await active_server(world.kit.vault, {})
    assert isinstance(found, ActiveServer)


async def test_a_certificate_pasted_with_other_line_ends_is_the_same(alice: Browser) -> None:
    await alice.post(PATH, with_password(ca_certificate=ca_pem()))
    again = with_password(password="", ca_certificate=ca_pem().replace("\n", "\r\n") + "\r\n\r\n")
    assert (await alice.post(PATH, again)).status_code == 303
