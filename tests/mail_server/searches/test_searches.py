"""Find working settings: nothing is signed in, nothing is changed, and everything that works can be filled in."""

import re
from collections.abc import Sequence

import httpx2
import pytest

from tests.dns_server import name_server
from tests.mail_server.conftest import SignIn
from tests.mail_server.filling import CANARY, error_of, fields, with_password
from tests.network import Network
from tests.smtp_server import Certificate, Tls, ca_pem, replies, scripted_server, smtp_server
from tests.world import Browser, World
from webapp.audit.models import AuditEntry
from webapp.mail_server.models import Revision, Verdict
from webapp.mail_server.searches.endpoints import SEARCHES
from webapp.mail_server.searches.shown import ended_view, settings_of
from webapp.principal import Role
from webapp.smtp.search import Origin, OutOfTime, Target, Way
from webapp.smtp.server import Auth, Security

PATH = "/mail-server"
SEARCH = "/mail-server/searches"
HOST = "mail.example.com"


def reachable(world: World, network: Network) -> None:
    """Lead what the application looks up and dials to the test's own servers."""
    world.state["lookup"] = network.lookup
    world.state["dial"] = network.dial


def events(response: httpx2.Response) -> list[str]:
    assert response.status_code == 200, response.text
    assert response.headers["Content-Type"].startswith("text/event-stream")
    lines = [block.split("\n") for block in response.text.strip().split("\n\n")]
    return ["\n".join(line.removeprefix("data: ") for line in block) for block in lines]


def findings(markup: str) -> dict[str, str]:
    """By title, the state of each finding."""
    found = re.findall(r'<li class="rung (\w+)">.*?<strong>(.*?)</strong>', markup, re.DOTALL)
    return {title: state for state, title in found}


def uses(markup: str) -> Sequence[str]:
    return re.findall(r'formaction="(/mail-server/fillings\?use=[^"]*)"', markup)


async def test_what_works_is_streamed_and_fills_the_form_in(world: World, alice: Browser) -> None:
    async with (
        smtp_server(tls=Tls.IMPLICIT, credentials=("postern", CANARY)) as implicit,
        smtp_server(tls=Tls.STARTTLS, credentials=("postern", CANARY), auth_only_after_tls=True) as starttls,
    ):
        reachable(world, Network({(HOST, 465): implicit.port, (HOST, 587): starttls.port}))
        typed = with_password(host=HOST, ca_certificate=ca_pem(), sender_name="Kept")
        first, *between, last = events(await alice.htmx_post(SEARCH, typed))
        assert [*implicit.sign_ins, *starttls.sign_ins] == []
    assert 'hx-target="#search-ladder" hx-swap="innerHTML"></hx-partial>' in first
    assert all(len(findings(each)) == 1 for each in between)
    assert findings("".join(between)) == {
        f"{HOST}, port 465, TLS": "ok",
        f"{HOST}, port 587, STARTTLS": "ok",
        f"{HOST}, port 25": "failed",
        f"{HOST}, port 2525": "failed",
    }
    assert f"Proposed: {HOST}, port 465, TLS" in last
    assert "mail-server-form" not in re.sub(r'form="mail-server-form"|#mail-server-form', "", last)
    filled = await alice.post(uses(last)[0].replace("&amp;", "&"), typed)
    assert f'value="{HOST}"' in filled.text
    assert 'value="465"' in filled.text
    assert 'value="Kept"' in filled.text
    assert CANARY not in "".join([first, *between, last, filled.text])
    assert await Revision.all().count() == await Verdict.all().count() == 0


async def test_without_javascript_the_page_comes_whole(world: World, alice: Browser) -> None:
    async with smtp_server(tls=Tls.STARTTLS) as server:
        reachable(world, Network({(HOST, 587): server.port}))
        page = await alice.post(SEARCH, with_password(host=HOST, ca_certificate=ca_pem(), sender_name="Kept"))
    assert page.status_code == 200
    assert "<html" in page.text
    assert findings(page.text)[f"{HOST}, port 587, STARTTLS"] == "ok"
    assert f"Proposed: {HOST}, port 587, STARTTLS" in page.text
    assert 'value="Kept"' in page.text
    assert "please type it again" in page.text
    assert CANARY not in page.text
    assert len(uses(page.text)) == 2


async def test_the_password_on_the_screen_and_the_stored_one_go_nowhere(world: World, alice: Browser) -> None:
    heard: list[str] = []
    tempting = replies({"EHLO": "250-mail.example.com\r\n250 AUTH PLAIN LOGIN XOAUTH2"}, heard)
    await alice.post(PATH, with_password(host=HOST))
    async with scripted_server(tempting) as server:
        reachable(world, Network({(HOST, port): server.port for port in (25, 587, 2525)}))
        for password in (CANARY, ""):
            await alice.htmx_post(SEARCH, with_password(host=HOST, password=password))
    assert heard
    assert {line.split()[0] for line in heard} == {"EHLO", "QUIT"}
    entries = [(entry.action, entry.details) for entry in await AuditEntry.all()]
    assert CANARY not in str(entries)


async def test_without_a_host_the_sender_s_domain_says_where_to_look(world: World, alice: Browser) -> None:
    async with (
        smtp_server(tls=Tls.STARTTLS, credentials=("postern", CANARY)) as server,
        name_server({"example.org": {"MX": [f"10 {HOST}."]}}) as names,
    ):
        world.state["ask"] = names.ask()
        reachable(world, Network({(HOST, 587): server.port}))
        found = events(await alice.htmx_post(SEARCH, fields(host="", ca_certificate=ca_pem())))
    assert findings("".join(found)) == {f"{HOST}, port 587, STARTTLS": "ok"}
    assert f"Proposed: {HOST}, port 587, STARTTLS" in found[-1]
    assert "mail for the domain arrives there" in "".join(found)
    entry = await AuditEntry.get(action="mail_server:searched")
    assert (entry.subject, entry.details["hosts"]) == (
        "example.org",
        f"smtp.example.org, mail.example.org, example.org, {HOST}",
    )


async def test_nothing_found_says_what_was_tried(world: World, alice: Browser) -> None:
    reachable(world, Network({}))
    found = events(await alice.htmx_post(SEARCH, fields(host="smtp.nowhere.example")))
    assert findings("".join(found)) == {"smtp.nowhere.example": "failed"}
    assert "Nothing was found that works." in found[-1]
    assert "Tried: smtp.nowhere.example." in found[-1]
    assert not uses("".join(found))


async def test_a_certificate_that_is_not_trusted_is_said(world: World, alice: Browser) -> None:
    async with smtp_server(tls=Tls.IMPLICIT, certificate=Certificate.EXPIRED) as server:
        reachable(world, Network({(HOST, 465): server.port}))
        found = events(await alice.htmx_post(SEARCH, fields(host=HOST, ca_certificate=ca_pem())))
    assert findings("".join(found))[f"{HOST}, port 465, TLS"] == "unknown"
    assert "has expired" in "".join(found)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"host": "https://smtp.example.org"}, "host"),
        ({"host": "", "sender_address": ""}, "host"),
        ({"host": "", "sender_address": "nobody"}, "sender_address"),
        ({"ca_certificate": "nonsense"}, "ca_certificate"),
        ({"ehlo_name": "two words"}, "ehlo_name"),
    ],
)
async def test_a_form_that_does_not_say_where_is_422(
    world: World, alice: Browser, change: dict[str, str], field: str
) -> None:
    network = Network({})
    reachable(world, network)
    for post in (alice.post, alice.htmx_post):
        refused = await post(SEARCH, fields(**{"sender_name": "Kept", **change}))
        assert refused.status_code == 422
        assert error_of(refused, field)
        assert 'value="Kept"' in refused.text
    assert network.asked == []
    assert await AuditEntry.filter(action="mail_server:searched").count() == 0


async def test_what_else_is_wrong_with_the_form_does_not_matter(world: World, alice: Browser) -> None:
    reachable(world, Network({}))
    unfinished = fields(host=HOST, port="x", security="", auth="", sender_address="half", timeout_seconds="never")
    assert (await alice.htmx_post(SEARCH, unfinished)).status_code == 200


async def test_searches_are_counted(world: World, alice: Browser, sign_in: SignIn) -> None:
    reachable(world, Network({}))
    for _ in range(SEARCHES.limit):
        assert (await alice.htmx_post(SEARCH, fields(host=HOST))).status_code == 200
    refused = await alice.htmx_post(SEARCH, fields(host=HOST))
    assert refused.status_code == 429
    assert int(refused.headers["Retry-After"]) > 0
    assert (await (await sign_in("bob")).htmx_post(SEARCH, fields(host=HOST))).status_code == 200
    world.clock.advance(minutes=1)
    assert (await alice.htmx_post(SEARCH, fields(host=HOST))).status_code == 200


@pytest.mark.parametrize("role", [Role.HELPDESK, Role.AUDITOR, Role.USER])
async def test_only_administrators_search_and_fill_in(sign_in: SignIn, role: Role) -> None:
    browser = await sign_in("carol", role)
    for path in (SEARCH, "/mail-server/fillings"):
        assert (await browser.post(path, fields(host=HOST))).status_code == 403


def _way(*mechanisms: str) -> Way:
    return Way(Target(HOST, Origin.TYPED), 587, Security.STARTTLS, mechanisms, 1.0, ())


@pytest.mark.parametrize(
    ("mechanisms", "auth"),
    [
        (("PLAIN", "XOAUTH2"), Auth.PASSWORD),
        (("XOAUTH2",), Auth.XOAUTH2),
        ((), Auth.NONE),
        (("GSSAPI",), None),
    ],
)
def test_how_to_sign_in_is_filled_in_where_the_server_says_it(mechanisms: tuple[str, ...], auth: Auth | None) -> None:
    assert settings_of(_way(*mechanisms)).auth is auth


def test_a_search_that_was_cut_short_says_so() -> None:
    found = ended_view([OutOfTime()])
    assert str(found.text) == "Nothing was found that works."
    assert "when the time was up" in str(found.detail)
    assert "when the time was up" in str(ended_view([_way("PLAIN"), OutOfTime()]).detail)
