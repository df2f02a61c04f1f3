"""The text for support: whole enough to help, safe enough to paste in public."""

import base64
import json
import re
from urllib.parse import quote

from hypothesis import example, given
from hypothesis import strategies as st

from tests.mail_server.filling import CANARY, with_password
from tests.smtp_server import Reader, Writer, scripted_server
from tests.world import Browser
from webapp.mail_server.support import shortened, support_text
from webapp.smtp.diagnosis import Diagnosis
from webapp.smtp.reply import reply_of
from webapp.smtp.rung import Outcome, Rung, Step
from webapp.smtp.server import Auth, MailServer, OAuth, Security
from webapp.text import message

SECRETS = st.text(st.characters(blacklist_categories=("Cs", "Cc", "Zs", "Zl", "Zp")), min_size=8, max_size=40).filter(
    lambda secret: secret.strip("*")
)  # the mask itself cannot be told from a secret that is made of its signs
TOKENS = st.text("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.", min_size=16, max_size=80)


def a_server(**changes: object) -> MailServer:
    return MailServer(
        **{
            "host": "smtp.example.org",
            "port": 587,
            "security": Security.STARTTLS,
            "auth": Auth.PASSWORD,
            "username": "postern",
            "secret": CANARY,
            "sender_address": "sender@example.org",
            "reply_to": "answers@example.org",
            "sender_name": "Jane Doe",
            **changes,
        }  # type: ignore[arg-type]
    )


def a_rung(said: str) -> Rung:
    diagnosis = Diagnosis("sign_in.refused", message("The server said: %(said)s", said=said), (), None)
    reply = reply_of(535, f"5.7.8 {said}")
    return Rung(Step.SIGN_IN, Outcome.FAILED, 12.3, ((message("Mechanism"), said),), reply, diagnosis)


def b64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def travelling(username: str, secret: str) -> list[str]:
    """The forms in which a secret goes over the wire."""
    bearer = f"user={username}\1auth=Bearer {secret}\1\1"
    whole = [secret, f"\0{username}\0{secret}", f"{username}\0{username}\0{secret}", bearer]
    form = f"grant_type=refresh_token&refresh_token={quote(secret, safe='')}&scope=x"
    return [secret, *map(b64, whole), *(b64(each).replace("+", "-").replace("/", "_") for each in whole[:1]), form]


def holds(text: str, secret: str) -> bool:
    """Whether the secret is in a text, as it is, quoted, or in any run of base64 at any alignment."""
    if secret in text or quote(secret, safe="") in text:
        return True
    for run in re.findall(r"[A-Za-z0-9+/_-]{8,}", text):
        for start in range(4):
            part = run[start:].replace("-", "+").replace("_", "/")
            part = part[:-1] if len(part) % 4 == 1 else part
            if secret.encode() in base64.b64decode(part + "=" * (-len(part) % 4)):
                return True
    return False


def test_the_search_of_these_tests_finds_what_is_there() -> None:
    for said in travelling("postern", "a secret of some length"):
        assert holds(f"S: 535 {said}", "a secret of some length"), said


@given(SECRETS, st.sampled_from(["postern", "postern@example.org", "p"]))
@example("aaaaaaaa", "postern")
@example("pass+word/==", "postern@example.org")
def test_no_form_of_the_secret_is_in_it_whatever_the_server_repeats(secret: str, username: str) -> None:
    server = a_server(secret=secret, username=username)
    said = [f"S: 535 5.7.8 you said {each}" for each in travelling(username, secret)]
    text = support_text(server, "inbox@example.org", [a_rung(line) for line in said], said)
    assert not holds(text.replace("*", ""), secret)
    assert not holds(text, secret)


@given(SECRETS, SECRETS)
def test_no_secret_of_an_access_token_is_in_it(client_secret: str, refresh_token: str) -> None:
    oauth = OAuth(
        token_url="https://login.example/token",
        client_id="app",
        client_secret=client_secret,
        refresh_token=refresh_token,
    )
    server = a_server(auth=Auth.XOAUTH2, secret="", oauth=oauth)
    said = [f"S: {each}" for secret in (client_secret, refresh_token) for each in travelling("postern", secret)]
    text = support_text(server, "inbox@example.org", [], said)
    for secret in (client_secret, refresh_token):
        assert not holds(text, secret)


@given(TOKENS, st.sampled_from(["received", "not-me", "password-reset", "invitations", "handoffs"]))
def test_no_link_of_a_letter_is_in_it(token: str, kind: str) -> None:
    said = [f"S: 554 5.7.1 refused because of http://localhost:8000/{kind}/{token} in the text"]
    text = support_text(a_server(), "inbox@example.org", [a_rung(said[0])], said)
    assert f"/{kind}/********" in text
    assert f"/{kind}/{token}" not in text


@given(st.emails())
@example("Jane.Doe@example.org")
@example("jané@bücher.example")
@example("o'brien+tag@example.org")
def test_every_address_is_shortened_alike(address: str) -> None:
    said = [f"C: MAIL FROM:<{address}> SIZE=1", f"S: 550 5.1.1 <{address.upper()}>: unknown, write to {address}"]
    text = support_text(a_server(sender_address=address), address, [], said)
    local, _, domain = address.rpartition("@")
    assert f"***@{domain}" in text
    if len(local) > 3:
        assert f"{local}@" not in text
        assert f"{local.upper()}@" not in text


def test_addresses_and_usernames_keep_what_helps() -> None:
    assert shortened("postern@example.org") == "p***@example.org"
    assert shortened("postern") == "p***"
    assert shortened("@example.org") == ""
    said = [
        "S: 250-smtp.example.org Hello postern.example.org [192.0.2.1]",
        "S: 535 user POSTERN is locked",
        "S: 250 2.0.0 Ok: queued as 4F7",
    ]
    text = support_text(a_server(), "inbox@example.org", [], said)
    assert "Hello postern.example.org [192.0.2.1]" in text
    assert "user P*** is locked" in text
    assert "queued as 4F7" in text
    assert "Jane" not in text
    short = support_text(a_server(username="s"), "inbox@example.org", [], ["S: 250 size is fine"])
    assert "S: 250 size is fine" in short


def test_a_secret_that_holds_the_username_or_an_address_goes_whole() -> None:
    for secret in ("postern!2024", "sender@example.org!2024", "a@b!2024"):
        said = [f"S: 535 not {secret} nor {b64(secret)}"]
        text = support_text(a_server(secret=secret), "inbox@example.org", [a_rung(said[0])], said)
        assert "2024" not in text


def test_it_says_what_whoever_helps_asks_first() -> None:
    text = support_text(a_server(ca_certificate="x"), "inbox@example.org", [a_rung("no")], ["C: EHLO me", "S: 250 ok"])
    for words in (
        "Postern ",
        "Python 3.",
        "OpenSSL",
        "smtp.example.org:587, security starttls, authentication password",
        "CA certificate of its own: yes",
        "time-out 15 s, EHLO name (by itself)",
        "sender s***@example.org, reply-to a***@example.org",
        "recipient i***@example.org, username p***",
        "sign_in: failed in 12 ms [sign_in.refused] The server said: no",
        "  Mechanism: no",
        "  Reply: 535 5.7.8 no",
        "C: EHLO me\nS: 250 ok",
    ):
        assert words in text, words


async def test_a_server_that_repeats_all_it_hears_gets_no_secret_into_it(alice: Browser) -> None:
    for mechanisms in ("PLAIN", "LOGIN", "CRAM-MD5"):

        async def script(reader: Reader, writer: Writer, mechanisms: str = mechanisms) -> None:
            writer.write(b"220 smtp.example.com ESMTP\r\n")
            while line := await reader.readline():
                said = line.decode().strip()
                match said.split()[0].upper() if said else "":
                    case "EHLO":
                        writer.write(f"250-smtp.example.com\r\n250 AUTH {mechanisms}\r\n".encode())
                    case "AUTH" if mechanisms != "PLAIN":
                        writer.write(b"334 " + base64.b64encode(b"<1@example.com>") + b"\r\n")
                    case "QUIT":
                        return
                    case _:
                        decoded = base64.b64decode(said.split()[-1] + "==", validate=False).decode("utf-8", "replace")
                        again = json.dumps(decoded)[1:-1]
                        writer.write(f"535-5.7.8 {said}\r\n535 5.7.8 that is {again}\r\n".encode())
                await writer.drain()

        async with scripted_server(script) as server:
            page = await alice.post("/mail-server/tests", {**with_password(server), "recipient": "inbox@example.org"})
        text = page.text.partition('id="support"')[2].partition("</pre>")[0]
        assert "sign_in: failed" in text
        assert not holds(text, CANARY)
        assert not holds(page.text, CANARY)
