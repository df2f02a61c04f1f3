"""No value that reaches mail makes a header: not by a line break, and not by an encoded word that holds one."""

from datetime import UTC, datetime
from email import message_from_bytes
from email.policy import SMTP

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.postal import use_server
from tests.smtp_server import smtp_server
from tests.world import PASSWORD, World
from webapp.letters.compose import compose
from webapp.letters.examples import example
from webapp.mail_server.form import EMPTY
from webapp.principal import Role

ENCODED = "=?utf-8?q?=0d=0aBcc:victim@evil.test=0d=0aX:?="
ENDING = "=?utf-8?q?=0d=0a=0d=0aAnother_body?="


def letter(**values: str) -> bytes:
    fields = {"sender_address": "a@example.org", "sender_name": "", "reply_to": "", "to": "b@example.org", **values}
    return compose(
        "password_changed",
        language="en",
        message_id="<1@example.org>",
        date=datetime(2026, 11, 22, tzinfo=UTC),
        context={
            **example("password_changed", public_url="https://postern.example.org"),
            "username": values.get("username", "alice"),
        },
        **{name: value for name, value in fields.items() if name != "username"},  # type: ignore[arg-type]
    )


@pytest.mark.parametrize("text", [ENCODED, ENDING, f"{ENCODED} {ENDING}", "=?utf-8?b?DQpCY2M6IGFAYi5j?="])
def test_an_encoded_word_in_a_name_stays_a_name(text: str) -> None:
    message = message_from_bytes(letter(sender_name=text), policy=SMTP)
    assert "Bcc" not in message
    assert "X" not in message
    assert message["From"].addresses[0].username == "a"
    assert "Another body" not in message.get_body(("plain",)).get_content()  # type: ignore[union-attr]


@pytest.mark.parametrize("field", ["to", "sender_address", "reply_to"])
def test_an_encoded_word_in_an_address_is_refused(field: str) -> None:
    with pytest.raises(ValueError, match=r"address|header"):
        letter(**{field: "=?utf-8?q?=0d=0aBcc=3Av=40evil.test=0d=0a?=@y.test"})


async def test_the_mail_servers_form_refuses_it_on_the_field(world: World) -> None:
    browser = await world.admin()
    plain = {"host": "mail.example.org", "port": "25", "security": "none", "auth": "none", "sender_address": "a@b.test"}
    for field in ("sender_name", "reply_to", "sender_address", "ehlo_name"):
        answer = await browser.post("/mail-server", {**EMPTY, **plain, field: ENCODED})
        assert answer.status_code == 422, field
        assert 'aria-invalid="true"' in answer.text


async def test_helpdesk_cannot_smuggle_a_recipient_into_a_reset_letter(world: World) -> None:
    alice = await world.person("alice", email="alice@example.org")
    await world.person("desk", password=PASSWORD, role=Role.HELPDESK)
    desk = world.browser()
    await desk.sign_in("desk", PASSWORD)
    async with smtp_server() as server:
        await use_server(world, server)
        page = await desk.get(f"/users/{alice.id}")
        fields = {"version": desk.hidden(page, "version"), "display_name": ""}
        address = "=?utf-8?q?=0d=0aBcc=3Av=40evil.test=0d=0a?=@y.test"
        answer = await desk.post(f"/users/{alice.id}", {**fields, "email": address})
        assert answer.status_code == 422


@given(
    st.text(st.sampled_from("aZü张😀 <>@,;:.\"\\()[]=?_-&'"), max_size=120).map(lambda text: " ".join(text.split())),
    st.sampled_from(["a@example.org", "ä@example.org"]),
)
def test_no_sender_name_poses_as_another_address(name: str, sender: str) -> None:
    raw = letter(sender_name=name, sender_address=sender)
    (address,) = message_from_bytes(raw, policy=SMTP)["From"].addresses
    assert address.addr_spec.encode("ascii", "surrogateescape").decode() == sender
    assert max(len(line) for line in raw.partition(b"\r\n\r\n")[0].split(b"\r\n")) <= 998
