"""An address that parsers read differently is refused at entry, or mail goes to exactly what was shown."""

import re
from html import unescape
from typing import Final

import pytest

from tests.mail_server.filling import error_of, fields
from tests.postal import ask, post, use_server
from tests.served import Served
from tests.smtp_server import smtp_server
from webapp.smtp.resolve import ascii_host
from webapp.users.models import User

pytestmark = pytest.mark.one_engine  # what is refused is refused before the database is asked

PATH: Final = "/mail-server"
AMBIGUOUS: Final = {
    "two": "alice@example.org, evil@evil.example",
    "two without a space": "alice@example.org,evil@evil.example",
    "semicolon": "alice@example.org;evil@evil.example",
    "space": "alice@example.org evil@evil.example",
    "two at": "alice@example.org@evil.example",
    "two at, other way": "evil@evil.example@example.org",
    "quoted": '"alice@evil.example"@example.org',
    "quoted space": '"alice evil"@example.org',
    "quoted break": '"alice\\"@evil.example"@example.org',
    "quoted parts": '"ali"."ce"@example.org',
    "quoted end of path": '"alice> RCPT TO:<evil"@example.org',
    "comment": "alice(evil@evil.example)@example.org",
    "comment behind": "alice@example.org(evil)",
    "comment in the domain": "alice@(evil.example)example.org",
    "comment in front": "(evil)alice@example.org",
    "nested comment": "alice@example.org(a(b)@evil.example)",
    "display name": "Alice <alice@example.org>",
    "address as display name": '"alice@example.org" <evil@evil.example>',
    "angle brackets": "<alice@example.org>",
    "source route": "@evil.example:alice@example.org",
    "two source routes": "<@a.example,@evil.example:alice@example.org>",
    "group": "friends: alice@example.org, evil@evil.example;",
    "literal": "alice@[127.0.0.1]",
    "literal of IPv6": "alice@[IPv6:::1]",
    "mailto": "mailto:alice@example.org",
    "encoded word": "=?utf-8?q?alice=40evil.example=3e=00?=@example.org",
    "encoded word with a break": "=?x?q?alice=40evil.example=0d=0aRCPT?=@example.org",
    "NUL": "alice@example.org\0evil.example",
    "soft hyphen": "ali\u00adce@example.org",
    "zero width": "ali\u200bce@example.org",
    "zero width in the domain": "alice@exam\u200bple.org",
    "right to left": "alice\u202egro.elpmaxe@evil.example",
    "ideographic stop": "alice@example\u3002org",
    "fullwidth": "alice@ｅxample.org",
    "fullwidth at": "alice＠example.org",
    "small at": "alice\ufe6bexample.org",
    "no-break space": "alice\u00a0@example.org",
    "Cyrillic local part": "аlice@example.org",
    "Cyrillic domain": "alice@ехample.org",
    "sharp s": "alice@straße.example",
    "punycode": "alice@xn--strae-oqa.example",
    "broken punycode": "alice@xn--.example",
    "punycode of ASCII": "alice@xn--example-.org",
    "Kelvin": "alice@\u212aelvin.example",
    "decomposed": "alice@bu\u0308cher.example",
    "decomposed local part": "jo\u0308rg@example.org",
    "percent": "alice%evil.example@example.org",
    "bang": "evil.example!alice@example.org",
    "plus": "alice+evil@example.org",
    "dot at the end": "alice.@example.org",
    "two dots": "al..ice@example.org",
    "dot in front": ".alice@example.org",
    "dot after the domain": "alice@example.org.",
    "two dots in the domain": "alice@example..org",
    "underscore": "alice@exa_mple.org",
    "port": "alice@example.org:25",
    "path": "alice@example.org/evil",
    "backslash": "alice\\@evil.example@example.org",
    "hyphen in front": "alice@-example.org",
    "no domain": "alice@",
    "no local part": "@example.org",
    "nobody": "alice",
    "null path": "<>",
    "option": "-oQ/tmp@example.org",
    "pipe": "|id@example.org",
    "file": "/var/mail/x@example.org",
    "include": ":include:/etc/passwd@example.org",
    "long local part": "a" * 65 + "@example.org",
    "long domain": "alice@" + ".".join(["a" * 60] * 5),
    "long label": "alice@" + "a" * 64 + ".org",
    "case": "Alice@Example.ORG",
}


def same(envelope: str, shown: str) -> bool:
    """Whether an address in the envelope is the one that was shown, its domain in the form of DNS."""
    local, at, domain = shown.rpartition("@")
    return bool(at) and envelope.lower() == f"{local}@{ascii_host(domain)}".lower()


def is_plain(address: str) -> bool:
    """Whether every parser reads the same: one at sign, no quotes, comments, lists, routes or invisible characters."""
    return re.fullmatch(r"[^\s\"(),:;<>@\[\]\\\u00ad\u200b-\u200f\u202a-\u202e\x00-\x1f]+@[\w.-]+", address) is not None


async def test_a_recipient_is_refused_or_exactly_the_one_shown(site: Served) -> None:
    root = await site.signed_in()
    async with smtp_server(unicode=True) as server:
        for what, typed in AMBIGUOUS.items():
            server.letters.clear()
            site.world.clock.advance(seconds=5)
            connections = server.connections
            response = await root.htmx_post(f"{PATH}/tests", {**fields(server), "recipient": typed})
            if response.status_code == 422:
                assert "\0" in typed or error_of(response, "recipient"), what
                assert server.connections == connections, what
                continue
            assert response.status_code == 200, what
            assert len(server.letters) <= 1, what
            for letter in server.letters:
                [recipient] = letter.recipients
                assert is_plain(recipient), what
                shown = re.findall(r"[^\s<>\"]+@[^\s<>\"]+", unescape(response.text))
                assert any(same(recipient, each.strip(".,;")) for each in shown), (what, recipient, shown)
                [header] = re.findall(rb"(?mi)^To: (.*?)\r$", letter.raw.replace(b"\r\n ", b" "))
                assert header.decode().lower() == recipient.lower(), what


async def test_a_sender_is_refused_or_exactly_the_one_shown(site: Served) -> None:
    root = await site.signed_in()
    async with smtp_server(unicode=True) as server:
        for what, typed in AMBIGUOUS.items():
            server.letters.clear()
            site.world.clock.advance(seconds=5)
            form = {**fields(server), "sender_address": typed}
            response = await root.htmx_post(PATH, form)
            if response.status_code == 422:
                assert "\0" in typed or error_of(response, "sender_address"), what
                continue
            assert response.status_code == 200, what
            [field] = re.findall(r'<input[^>]*name="sender_address"[^>]*>', response.text)
            shown = unescape(field.partition('value="')[2].partition('"')[0])
            await root.htmx_post(f"{PATH}/tests", {**form, "recipient": "alice@example.org"})
            for letter in server.letters:
                assert is_plain(letter.sender), what
                assert same(letter.sender, shown), (what, letter.sender, shown)


async def test_a_persons_address_is_refused_or_gets_the_letter_as_it_is_shown(site: Served) -> None:
    root = await site.signed_in()
    async with smtp_server(unicode=True) as server:
        await use_server(site.world, server)
        for number, (what, typed) in enumerate(AMBIGUOUS.items()):
            server.letters.clear()
            name = f"user{number}"
            response = await root.htmx_post("/users", {"username": name, "email": typed})
            person = await User.get_or_none(username=name)
            if response.status_code == 422:
                assert "\0" in typed or error_of(response, "email"), what
                assert person is None, what
                continue
            assert person is not None, what
            assert person.email is not None, what
            assert is_plain(person.email), what
            assert person.email in unescape((await root.get(f"/users/{person.id}")).text), what
            await ask(site.world, name)
            await post(site.world)
            for letter in server.letters:
                [recipient] = letter.recipients
                assert same(recipient, person.email), what


async def test_two_spellings_of_one_mailbox_are_one_person(site: Served) -> None:
    root = await site.signed_in()
    assert (await root.htmx_post("/users", {"username": "ada", "email": "jörg@bücher.example"})).status_code < 400
    for twin in (
        "jo\u0308rg@bücher.example",
        "JÖRG@BÜCHER.example",
        "jörg@xn--bcher-kva.example",
        "jörg@bu\u0308cher.example",
    ):
        response = await root.htmx_post("/users", {"username": "eve", "email": twin})
        assert response.status_code == 422, twin
        assert error_of(response, "email")
