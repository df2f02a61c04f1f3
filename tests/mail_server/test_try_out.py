"""The test: a letter with the values on the screen, rung by rung."""

import re

import httpx2
import pytest

from tests.mail_server.conftest import SignIn
from tests.mail_server.filling import CANARY, error_of, fields, with_password
from tests.smtp_server import Certificate, Tls, ca_pem, smtp_server
from tests.world import Browser, World
from webapp.audit.models import AuditEntry
from webapp.db.connect import writing
from webapp.mail_server.active import State, health
from webapp.mail_server.models import Revision, Verdict
from webapp.mail_server.trials.endpoints import TESTS

PATH = "/mail-server"
TEST = "/mail-server/tests"
TO = {"recipient": "inbox@example.org"}


def events(response: httpx2.Response) -> list[str]:
    """The markup of each event, as the browser puts it together again."""
    assert response.status_code == 200, response.text
    assert response.headers["Content-Type"].startswith("text/event-stream")
    assert response.headers["Cache-Control"] == "no-store"
    lines = [block.split("\n") for block in response.text.strip().split("\n\n")]
    assert all(line.startswith("data: ") for block in lines for line in block)
    return ["\n".join(line.removeprefix("data: ") for line in block) for block in lines]


def rungs(markup: str) -> list[tuple[str, str]]:
    """State and title of each rung."""
    shown = re.sub(r"<template>.*?</template>", "", markup, flags=re.DOTALL)
    return re.findall(r'<li class="rung (\w+)">.*?<strong>(.*?)</strong>', shown, re.DOTALL)


async def test_the_letter_arrives_and_each_rung_is_an_event(alice: Browser) -> None:
    async with smtp_server(tls=Tls.STARTTLS, credentials=("postern", CANARY)) as server:
        form = with_password(server, security="starttls", ca_certificate=ca_pem(), sender_name='Bücher, "Postern"')
        first, *between, last = events(await alice.htmx_post(TEST, {**form, **TO}))
        letter = await server.next_letter()
    assert 'hx-target="#ladder" hx-swap="innerHTML"></hx-partial>' in first
    assert [rungs(each) for each in between] == [
        [("ok", title)]
        for title in (
            "Address",
            "Connection",
            "Greeting",
            "Encryption",
            "Capabilities",
            "Sign-in",
            "Sender",
            "Recipient",
            "Message",
        )
    ]
    assert "The test mail has been sent." in last
    assert 'hx-target="#toasts" hx-swap="beforeend"' in last
    assert "mail-server-form" not in last
    assert letter.recipients == ["inbox@example.org"]
    assert letter.encrypted
    assert letter.message["From"].addresses[0].display_name == 'Bücher, "Postern"'
    assert CANARY not in first + "".join(between) + last
    assert await Revision.all().count() == 0


async def test_a_refusal_is_a_result_and_marks_the_field_to_blame(alice: Browser) -> None:
    async with smtp_server(credentials=("postern", "another")) as server:
        *_, failed, last = events(await alice.htmx_post(TEST, {**with_password(server), **TO}))
        again = await alice.htmx_post(TEST, {**with_password(server), **TO})
    assert rungs(failed) == [("failed", "Sign-in")]
    assert "535 5.7.8" in failed
    assert 'href="#password"' in failed
    assert re.search(r'hx-target="#password-error" hx-swap="innerHTML">[^<]+</hx-partial>', last)
    assert "The test mail was not sent." in last
    assert CANARY not in again.text
    assert await Verdict.filter(passed=False, step="sign_in").count() == 2


@pytest.mark.parametrize("certificate", [Certificate.EXPIRED, Certificate.SELF_SIGNED, Certificate.WRONG_NAME])
async def test_no_sign_in_is_tried_with_a_bad_certificate(alice: Browser, certificate: Certificate) -> None:
    async with smtp_server(tls=Tls.IMPLICIT, certificate=certificate, credentials=("postern", CANARY)) as server:
        form = with_password(server, security="tls", ca_certificate=ca_pem())
        *_, failed, _ = events(await alice.htmx_post(TEST, {**form, **TO}))
        assert server.sign_ins == []
    assert rungs(failed) == [("failed", "Encryption")]


async def test_a_stripped_starttls_ends_before_the_sign_in(alice: Browser) -> None:
    async with smtp_server(credentials=("postern", CANARY)) as server:
        *_, failed, _ = events(await alice.htmx_post(TEST, {**with_password(server, security="starttls"), **TO}))
        assert server.sign_ins == []
    assert rungs(failed)[0][0] == "failed"


async def test_without_javascript_the_page_comes_whole_with_everything_kept(alice: Browser) -> None:
    async with smtp_server(credentials=("postern", "another")) as server:
        page = await alice.post(TEST, {**with_password(server, sender_name="Unsaved"), **TO})
    assert page.status_code == 200
    assert "<html" in page.text
    assert rungs(page.text)[-1] == ("failed", "Sign-in")
    assert "The test mail was not sent." in page.text
    assert 'value="Unsaved"' in page.text
    assert 'value="inbox@example.org"' in page.text
    assert error_of(page, "password")
    assert "please type it again" in page.text
    assert CANARY not in page.text


@pytest.mark.parametrize(
    "recipient", ["", "nobody", "a@example.org\nBcc: b@example.org", "a@example.org, b@example.org"]
)
async def test_a_wrong_recipient_is_422_at_its_field(alice: Browser, recipient: str) -> None:
    page = await alice.post(TEST, {**fields(), "recipient": recipient})
    part = await alice.htmx_post(TEST, {**fields(port="0"), "recipient": recipient})
    assert (page.status_code, part.status_code) == (422, 422)
    assert error_of(page, "recipient")
    assert error_of(part, "port")
    assert re.search(r'hx-target="#recipient-error" hx-swap="innerHTML">[^<]+</hx-partial>', part.text)
    assert await Verdict.all().count() == 0


async def test_the_verdict_belongs_to_exactly_the_values_tested(world: World, alice: Browser) -> None:
    async with smtp_server(credentials=("postern", CANARY)) as server:
        form = with_password(server)
        last = events(await alice.htmx_post(TEST, {**form, **TO}))[-1]
        assert "not saved yet" in last
        await alice.post(PATH, form)
        page = (await alice.get(PATH)).text
        assert "In use, and the last test passed" in page
        assert "by alice" in page
        assert (await health(world.kit.vault, {})).state is State.PASSED
        for change in ({"sender_name": "Other"}, {"timeout_seconds": "6"}, {"password": "another"}):
            await alice.post(PATH, {**form, **change})
            assert (await health(world.kit.vault, {})).state is State.UNTESTED
            await alice.post(PATH, form)
            assert (await health(world.kit.vault, {})).state is State.PASSED
        *_, last = events(await alice.htmx_post(TEST, {**with_password(server, password="another"), **TO}))
        assert "In use, and the last test passed" in last
        await alice.post(PATH, with_password(server, password="another"))
        assert "In use, but the last test failed" in (await alice.get(PATH)).text


async def test_every_test_is_on_record_without_secrets(alice: Browser) -> None:
    async with smtp_server(credentials=("postern", CANARY)) as server:
        await alice.htmx_post(TEST, {**with_password(server), **TO})
        entry = await AuditEntry.get(action="mail_server:tested")
        assert (entry.actor, entry.subject) == ("alice", "127.0.0.1")
        assert entry.details["port"] == str(server.port)
        assert entry.details["recipient"] == "inbox@example.org"
    for table in ("audit_entries", "mail_server_verdicts", "counters"):
        rows = await writing().execute_query_dict(f"SELECT * FROM {table}")  # noqa: S608
        assert CANARY not in str([dict(row) for row in rows])


@pytest.mark.parametrize(
    "host", ["169.254.169.254", "[::ffff:169.254.169.254]", "fd00:ec2::254", "0.0.0.0", "100.100.100.200"]
)
async def test_metadata_addresses_are_never_dialled(alice: Browser, host: str) -> None:
    *_, failed, _ = events(await alice.htmx_post(TEST, {**fields(host=host, port="25"), **TO}))
    assert rungs(failed) == [("failed", "Address")]


async def test_one_administrator_tests_thirty_times_a_minute(world: World, alice: Browser, sign_in: SignIn) -> None:
    wrong = {**fields(), "recipient": ""}
    for _ in range(TESTS.limit):
        assert (await alice.htmx_post(TEST, wrong)).status_code == 422
    refused = await alice.htmx_post(TEST, wrong)
    assert refused.status_code == 429
    assert int(refused.headers["Retry-After"]) > 0
    assert refused.headers["HX-Reswap"] == "none"
    assert (await (await sign_in("bob")).htmx_post(TEST, wrong)).status_code == 422
    world.clock.advance(minutes=1)
    assert (await alice.htmx_post(TEST, wrong)).status_code == 422


async def test_the_text_for_support_can_be_shown_to_anyone(alice: Browser) -> None:
    async with smtp_server(credentials=("postern@example.org", CANARY)) as server:
        form = with_password(server, username="postern@example.org")
        page = await alice.post(TEST, {**form, **TO})
    text = page.text.partition('id="support"')[2].partition("</pre>")[0]
    assert "AUTH PLAIN ********" in text
    assert "message: ok in" in text
    assert "p***@example.org" in text
    assert "inbox@" not in text
    assert "postern@" not in text
    assert CANARY not in text


def standing(response: httpx2.Response) -> str:
    """What the last event of a test says of the values on the screen."""
    return events(response)[-1].partition('hx-target="#tested"')[2].partition("</hx-partial>")[0]


async def test_the_values_on_the_screen_have_a_verdict_of_their_own(alice: Browser) -> None:
    async with smtp_server(refused={"no@example.org": "550 5.1.1 No such user"}) as server:
        await alice.post(PATH, fields(server))
        saved = await alice.htmx_post(TEST, {**fields(server), **TO})
        passed = await alice.htmx_post(TEST, {**fields(server, sender_name="Other"), **TO})
        failed = await alice.htmx_post(TEST, {**fields(server, sender_name="Other"), "recipient": "no@example.org"})
        whole = await alice.post(TEST, {**fields(server, sender_name="Other"), **TO})
        page = await alice.get(PATH)
    assert "data-saved" in standing(saved)
    assert "Tested, and not saved yet" in standing(passed)
    assert "The test failed with exactly the values on the screen." in standing(failed)
    assert "Tested, and not saved yet" in whole.text
    assert "Tested, and not saved" not in page.text
    # The test before says nothing of this one.
    assert '<div id="tested"></div>' in events(failed)[0]


async def test_a_connection_leaves_the_verdict_on_the_screen_alone(alice: Browser) -> None:
    async with smtp_server() as server:
        answer = await alice.htmx_post("/mail-server/connections", fields(server))
    assert "The connection works" in answer.text
    assert "#tested" not in answer.text


@pytest.mark.parametrize(
    ("field", "says"),
    [
        ("sender_address", "Please give the address that letters come from, such as postern@example.org."),
        ("recipient", "Please give an address whose letters you can read, such as name@example.org."),
    ],
)
async def test_an_empty_address_is_told_what_belongs_there(alice: Browser, field: str, says: str) -> None:
    answer = await alice.post(TEST, {**fields(), **TO, field: ""})
    assert answer.status_code == 422
    assert error_of(answer, field) == says
