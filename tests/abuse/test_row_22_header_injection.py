"""A line break in a field that reaches mail is refused on that field (CVE-2025-7962, CVE-2026-1299)."""

from typing import Final

import pytest

from tests.mail_server.filling import CANARY, error_of, fields, with_password
from tests.postal import ask, post, use_server
from tests.served import Served
from tests.smtp_server import replies, scripted_server, smtp_server
from webapp.mail_server.models import Revision
from webapp.outbox.models import Letter
from webapp.users.models import User

pytestmark = pytest.mark.one_engine  # what is refused is refused before the database is asked

PATH: Final = "/mail-server"
EVIL: Final = "evil@evil.example"
BREAKS: Final = {
    "crlf": "\r\n",
    "lf": "\n",
    "cr": "\r",
    "two": "\r\n\r\n",
    "folded": "\r\n ",
    "vertical tab": "\v",
    "form feed": "\f",
    "next line": "\u0085",
    "line separator": "\u2028",
    "paragraph separator": "\u2029",
    "file separator": "\x1c",
    "escape": "\x1b",
    "backspace": "\b",
}
REACHING_MAIL: Final = {
    "host": "smtp.example.org",
    "username": "postern",
    "password": CANARY,
    "sender_address": "postern@example.org",
    "sender_name": "Postern",
    "reply_to": "help@example.org",
    "bounce_address": "returns@example.org",
    "ehlo_name": "postern.example.org",
    "recipient": "alice@example.org",
}
"""The fields of the mail server, with a value that is right."""


@pytest.mark.parametrize("name", REACHING_MAIL)
async def test_a_break_in_a_setting_is_refused_on_its_field(site: Served, name: str) -> None:
    root = await site.signed_in()
    heard: list[str] = []
    async with scripted_server(replies(heard=heard)) as server:
        for what, line_break in BREAKS.items():
            typed = f"{REACHING_MAIL[name]}{line_break}Bcc: {EVIL}"
            form = {**with_password(server), "recipient": "alice@example.org", name: typed}
            await site.world.wait(minutes=1)
            response = await root.htmx_post(f"{PATH}/tests", form)
            assert response.status_code == 422, (what, response.text)
            assert error_of(response, name), what
            if name != "recipient":
                form.pop("recipient")
                response = await root.htmx_post(PATH, form)
                assert response.status_code == 422, what
                assert error_of(response, name), what
    assert heard == []
    assert await Revision.all().count() == 0


@pytest.mark.parametrize("name", ["port", "security", "auth", "timeout_seconds", "plaintext_auth"])
async def test_a_break_in_a_choice_is_refused_too(site: Served, name: str) -> None:
    root = await site.signed_in()
    right = {**fields(), "plaintext_auth": "on"}[name]
    for what, line_break in BREAKS.items():
        response = await root.htmx_post(PATH, {**fields(), name: f"{right}{line_break}RCPT TO:<{EVIL}>"})
        assert response.status_code == 422, what
    assert await Revision.all().count() == 0


@pytest.mark.parametrize("name", ["username", "email", "display_name"])
async def test_a_break_in_what_is_known_of_a_person_is_refused(site: Served, name: str) -> None:
    root = await site.signed_in()
    await site.world.person("bob", email="bob@example.org")
    bob = await User.get(username="bob")
    right = {"username": "ada", "email": "ada@example.org", "display_name": "Ada"}
    for what, line_break in BREAKS.items():
        typed = {**right, name: f"{right[name]}{line_break}Bcc: {EVIL}"}
        response = await root.htmx_post("/users", typed)
        assert response.status_code == 422, what
        assert error_of(response, name), what
        response = await root.htmx_post(f"/users/{bob.id}", {**typed, "role": "user"})
        assert response.status_code in {409, 422}, what
    assert await User.all().count() == 2
    assert (await User.get(id=bob.id)).email == "bob@example.org"


async def test_a_break_in_what_is_typed_on_the_forgot_page_sends_nothing(site: Served) -> None:
    await site.world.person("bob", email="bob@example.org")
    async with smtp_server() as server:
        await use_server(site.world, server)
        for line_break in BREAKS.values():
            for typed in (f"bob@example.org{line_break}{EVIL}", f"bob{line_break}Bcc: {EVIL}"):
                await site.browser().post("/password-reset", {"identifier": typed})
        await post(site.world)
        assert all(letter.recipients == ["bob@example.org"] for letter in server.letters)
        assert not any(EVIL.encode() in letter.raw for letter in server.letters)
    assert not await Letter.filter(recipient__contains="evil").exists()


@pytest.mark.parametrize(
    "typed",
    [
        "Bcc: evil@evil.example",
        "%0d%0aBcc: evil@evil.example",
        "\\r\\nBcc: evil@evil.example",
        '", evil@evil.example, "',
        "<evil@evil.example>",
        "Name <evil@evil.example>",
        "a;b,c:d",
        "嘊嘍Bcc: evil@evil.example",
        "x" * 200,
    ],
)
async def test_what_only_looks_like_a_header_stays_a_name(site: Served, typed: str) -> None:
    """As the sender's name and as a person's, in a letter with one sender, one recipient and no further header."""
    root = await site.signed_in()
    async with smtp_server() as server:
        form = {**fields(server), "sender_name": typed}
        response = await root.htmx_post(f"{PATH}/tests", {**form, "recipient": "alice@example.org"})
        assert response.status_code == 200, response.text
        letter = await server.next_letter()
        assert (letter.sender, letter.recipients) == ("postern@example.org", ["alice@example.org"])
        sender = letter.message["From"]
        assert [each.addr_spec for each in sender.addresses] == ["postern@example.org"]
        assert letter.message.get_all("Bcc", []) == []
        assert len(letter.message.get_all("To", [])) == 1
        assert (await root.post(PATH, form)).status_code == 303
        await site.world.person("ada", email="ada@example.org", display_name=typed)
        # The forgot page and the worker: what is known of a person reaches the letter.
        response = await site.browser().post("/password-reset", {"identifier": "ada"})
        assert response.status_code == 303
        await post(site.world)
        letter = await server.next_letter()
        assert letter.recipients == ["ada@example.org"]
        assert [each.addr_spec for each in letter.message["To"].addresses] == ["ada@example.org"]
        assert letter.message.get_all("Bcc", []) == []


@pytest.mark.parametrize(
    "typed",
    ["=?utf-8?q?=0d=0aBcc:_evil@evil.example?=", "=?utf-8?b?DQpCY2M6IGV2aWxAZXZpbC5leGFtcGxl?=", "a =?x?q?b?= c"],
)
async def test_what_would_be_decoded_is_refused_on_the_field(site: Served, typed: str) -> None:
    root = await site.signed_in()
    async with smtp_server() as server:
        response = await root.htmx_post(PATH, {**fields(server), "sender_name": typed})
        assert response.status_code == 422
        assert "encoded text" in error_of(response, "sender_name")
        response = await root.htmx_post("/users", {"username": "ada", "display_name": typed})
        assert response.status_code == 422
        assert "encoded text" in error_of(response, "display_name")
        assert server.connections == 0


async def test_white_space_that_was_pasted_along_is_no_injection(site: Served) -> None:
    root = await site.signed_in()
    async with smtp_server() as server:
        pasted = {
            name: f" \t{value}\r\n" for name, value in fields(server).items() if name != "ca_certificate" and value
        }
        response = await root.htmx_post(f"{PATH}/tests", {**pasted, "recipient": "\nalice@example.org\n"})
        assert response.status_code == 200, response.text
        letter = await server.next_letter()
        assert (letter.sender, letter.recipients) == ("postern@example.org", ["alice@example.org"])


async def test_the_name_in_ehlo_cannot_end_the_command(site: Served) -> None:
    root = await site.signed_in()
    heard: list[str] = []
    async with scripted_server(replies(heard=heard)) as server:
        for typed in ("a b.example", "a.example\tb", "a.example;RSET", "<a.example>", '"a.example"', "a.example MAIL"):
            await site.world.wait(minutes=1)
            form = {**fields(server), "ehlo_name": typed, "recipient": "alice@example.org"}
            response = await root.htmx_post(f"{PATH}/tests", form)
            assert response.status_code == 422, typed
            assert error_of(response, "ehlo_name")
    assert heard == []


@pytest.mark.parametrize("address", ["127.0.0.1", "localhost"])
async def test_one_letter_is_one_transaction(site: Served, address: str) -> None:
    """Whatever the letter says, the server hears one MAIL, one RCPT and one DATA."""
    heard: list[str] = []
    async with scripted_server(replies(heard=heard)) as server:
        await use_server(site.world, host=address, port=str(server.port), sender_name=".\u200bMAIL FROM:<x@y.z>")
        await site.world.person("ada", email="ada@example.org", display_name=". DATA .")
        await ask(site.world, "ada")
        await post(site.world)
    verbs = [line.split()[0] for line in heard]
    assert [verbs.count(verb) for verb in ("MAIL", "RCPT", "DATA")] == [1, 1, 1]
