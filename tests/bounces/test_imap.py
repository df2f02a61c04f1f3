"""Collecting a mailbox by IMAP: over TLS alone, and nothing is lost."""

import asyncio
import socket
from collections.abc import Sequence

import pytest

from tests.imap_server import PASSWORD, USERNAME, ImapServer, imap_server
from tests.smtp_server import Certificate, Tls, scripted_server
from webapp.bounces.imap import Account, account_of, collect
from webapp.bounces.report import LONGEST
from webapp.bounces.source import SourceFailed, Taken
from webapp.bounces.take_in import Ignored, Outcome, Why
from webapp.smtp.resolve import Egress, dial_tcp, look_up
from webapp.smtp.server import Security

EGRESS = Egress(ports=frozenset({25}))
NOTHING = (Ignored(Why.NOT_A_REPORT),)


def account(server: ImapServer, **changes: str) -> Account:
    url = f"{'imaps' if server.tls is Tls.IMPLICIT else 'imap'}://{server.host}:{server.port}"
    given = {"username": USERNAME, "password": PASSWORD, "ca_certificate": server.ca_pem}
    return account_of(url, **{**given, **changes})  # type: ignore[arg-type]


class Desk:
    """Takes messages in, and may be made to fail."""

    def __init__(self) -> None:
        self.messages: list[bytes] = []
        self.fails = False

    async def take_in(self, raw: bytes) -> tuple[Outcome, ...]:
        if self.fails:
            raise ConnectionError("the database is away")
        self.messages.append(raw)
        return NOTHING


async def collected(account: Account, desk: Desk, *, egress: Egress = EGRESS) -> list[Taken]:
    found = collect(account, desk.take_in, egress=egress, dial=dial_tcp, lookup=look_up)
    return [each async for each in found]


@pytest.mark.parametrize("tls", [Tls.IMPLICIT, Tls.STARTTLS])
@pytest.mark.parametrize("capabilities", [(), ("AUTH=PLAIN",)])
async def test_what_is_unread_is_taken_in_once_and_marked_as_read(tls: Tls, capabilities: tuple[str, ...]) -> None:
    desk = Desk()
    async with imap_server(tls=tls, capabilities=capabilities) as server:
        first, _ = server.put(b"first\r\n"), server.put(b"second\r\n")
        taken = await collected(account(server), desk)
        assert await collected(account(server), desk) == []
        server.put(b"third\r\n")
        assert len(await collected(account(server), desk)) == 1
        assert server.flags() == [{r"\Seen"}] * 3
    assert taken[0] == Taken(str(first), NOTHING)
    assert desk.messages == [b"first\r\n", b"second\r\n", b"third\r\n"]


@pytest.mark.parametrize(
    ("capabilities", "left"),
    [(("MOVE",), []), (("UIDPLUS",), []), ((), [{r"\Seen", r"\Deleted"}] * 2)],
)
async def test_what_was_taken_in_is_moved(capabilities: tuple[str, ...], left: list[set[str]]) -> None:
    desk = Desk()
    async with imap_server(capabilities=capabilities, folders=("Bounces 2", "Done")) as server:
        for raw in (b"first\r\n", b"second\r\n"):
            server.put(raw, "Bounces 2")
        server.folders["Bounces 2"].append(server.folders["Bounces 2"].pop(0))
        await collected(account(server, folder="Bounces 2", move_to="Done"), desk)
        assert sorted(each.raw for each in server.folders["Done"]) == [b"first\r\n", b"second\r\n"]
        assert server.flags("Bounces 2") == left
        assert await collected(account(server, folder="Bounces 2", move_to="Done"), desk) == []


async def test_a_message_that_could_not_be_taken_in_stays_unread() -> None:
    desk = Desk()
    async with imap_server() as server:
        server.put(b"first\r\n")
        desk.fails = True
        with pytest.raises(ConnectionError):
            await collected(account(server), desk)
        assert server.flags() == [set()]
        desk.fails = False
        assert len(await collected(account(server), desk)) == 1


async def test_of_a_huge_message_the_beginning_is_fetched() -> None:
    desk = Desk()
    async with imap_server() as server:
        server.put(b"x" * (2 * LONGEST))
        await collected(account(server), desk)
    assert len(desk.messages[0]) == LONGEST


async def test_a_message_that_is_gone_meanwhile_is_passed_over() -> None:
    async with imap_server() as server:
        server.put(b"first\r\n")
        server.put(b"second\r\n")
        desk = Desk()
        found = collect(account(server), desk.take_in, egress=EGRESS, dial=dial_tcp, lookup=look_up)
        await anext(found)
        server.folders["INBOX"].pop()
        assert [each async for each in found] == []


@pytest.mark.parametrize("certificate", [Certificate.SELF_SIGNED, Certificate.EXPIRED, Certificate.WRONG_NAME])
async def test_without_a_certificate_to_be_trusted_nothing_is_said(certificate: Certificate) -> None:
    async with imap_server(certificate=certificate) as server:
        with pytest.raises(SourceFailed, match="certificate is not to be trusted"):
            await collected(account(server), Desk())
        assert server.said == []


async def test_the_systems_authorities_are_the_ones_asked_if_no_other_is_given() -> None:
    for tls in (Tls.IMPLICIT, Tls.STARTTLS):
        async with imap_server(tls=tls) as server:
            with pytest.raises(SourceFailed, match="certificate is not to be trusted"):
                await collected(account(server, ca_certificate=""), Desk())
            assert not [each for each in server.said if each.startswith(("LOGIN", "AUTHENTICATE"))]


async def test_where_starttls_was_stripped_no_password_is_sent() -> None:
    async with imap_server(tls=Tls.NEVER) as server:
        with pytest.raises(SourceFailed, match="TLS not supported"):
            await collected(account(server), Desk())
        assert not [each for each in server.said if each.startswith(("LOGIN", "AUTHENTICATE"))]


@pytest.mark.parametrize("refuses", ["AUTHENTICATE", "SELECT", "UID SEARCH", "UID FETCH", "UID STORE", "UID MOVE"])
async def test_a_refusal_is_told_in_one_line_without_the_password(refuses: str) -> None:
    async with imap_server(folders=("INBOX", "Done")) as server:
        server.put(b"first\r\n")
        server.refuses = refuses
        with pytest.raises(SourceFailed) as raised:
            await collected(account(server, move_to="Done"), Desk())
    assert "not this time" in str(raised.value) or refuses == "AUTHENTICATE"
    assert "canary" not in str(raised.value)
    assert "\n" not in str(raised.value)


async def test_a_folder_that_is_not_there_is_named_by_the_server() -> None:
    async with imap_server() as server:
        with pytest.raises(SourceFailed, match="no such folder"):
            await collected(account(server, folder="Elsewhere"), Desk())


async def test_a_server_that_hangs_up_is_told() -> None:
    async def hang_up(_reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
        pass

    async with scripted_server(hang_up) as server:
        for scheme in ("imap", "imaps"):
            mailbox = account_of(f"{scheme}://u:p@{server.host}:{server.port}")
            with pytest.raises(SourceFailed, match="cannot be used"):
                await collected(mailbox, Desk())


async def test_a_server_that_ends_the_session_early_is_left_quietly() -> None:
    async with imap_server() as server:
        server.refuses = "LOGOUT"
        assert await collected(account(server), Desk()) == []


async def test_addresses_that_may_not_be_dialled_are_not() -> None:
    async with imap_server() as server:
        with pytest.raises(SourceFailed, match="only public addresses are allowed"):
            await collected(account(server), Desk(), egress=Egress(ports=frozenset(), private=False))
        assert server.said == []
    with pytest.raises(SourceFailed, match="never allowed"):
        await collected(account_of("imaps://u:p@169.254.169.254"), Desk())


async def test_a_host_that_is_not_there_is_told() -> None:
    async def nowhere(_name: str, _port: int) -> Sequence[str]:
        raise socket.gaierror(socket.EAI_NONAME, "unknown")

    with pytest.raises(SourceFailed, match="has no address"):
        async for _ in collect(
            account_of("imaps://u:p@mail.example.org"), Desk().take_in, egress=EGRESS, dial=dial_tcp, lookup=nowhere
        ):
            pass
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
        with pytest.raises(SourceFailed, match="cannot be reached"):
            await collected(account_of(f"imaps://u:p@127.0.0.1:{port}"), Desk())


def test_a_url_names_all_that_is_needed() -> None:
    found = account_of("imaps://re%40x:p%40ss%3A@mail.example.org/Bounces")
    assert (found.host, found.port, found.security) == ("mail.example.org", 993, Security.TLS)
    assert (found.username, found.password, found.folder, found.move_to) == ("re@x", "p@ss:", "Bounces", "")
    assert "p@ss" not in repr(found)
    assert account_of("imap://u:p@mail.example.org").security is Security.STARTTLS
    assert account_of("imap://u:p@mail.example.org").port == 143


def test_what_is_set_by_itself_wins() -> None:
    found = account_of("imaps://u:p@h", host="other", port=1993, username="v", password="q", folder="F", move_to="G")
    assert (found.host, found.port, found.username, found.password) == ("other", 1993, "v", "q")
    assert (found.folder, found.move_to, found.security) == ("F", "G", Security.TLS)
    assert account_of("", host="h", username="u", password="p").port == 993
    assert account_of("", host="h", port=143, username="u", password="p").security is Security.STARTTLS


@pytest.mark.parametrize(
    ("url", "changes", "why"),
    [
        ("http://u:p@h", {}, "must begin with imaps://"),
        ("imaps://u:canary@[", {}, "cannot be read"),
        ("imaps://u:canary@h:99999", {}, "cannot be read"),
        ("imaps://u@h", {}, "host, username and password"),
        ("imaps://:canary@h", {}, "host, username and password"),
        ("", {"username": "u", "password": "canary"}, "host, username and password"),
        ("imaps://u:canary@h", {"folder": "Zurückgekommen"}, "in ASCII"),
        ("imaps://u:canary@h", {"move_to": "a\r\nb"}, "in ASCII"),
        ("imaps://u:canary%0d%0ax@h", {}, "single lines"),
    ],
)
def test_what_makes_no_sense_is_refused_without_repeating_a_secret(url: str, changes: dict[str, str], why: str) -> None:
    with pytest.raises(ValueError, match=why) as raised:
        account_of(url, **changes)  # type: ignore[arg-type]
    assert "canary" not in str(raised.value)
