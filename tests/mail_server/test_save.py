import asyncio
import re

import pytest

from tests.mail_server.conftest import SignIn
from tests.mail_server.filling import CANARY, error_of, fields, with_password
from tests.world import Browser, World
from webapp.audit.models import AuditEntry
from webapp.db.connect import writing
from webapp.mail_server.models import Revision
from webapp.principal import Role

PATH = "/mail-server"


async def test_saving_adds_a_revision_and_an_audit_entry(world: World, alice: Browser) -> None:
    response = await alice.post(PATH, with_password(port="587", security="starttls"))
    assert (response.status_code, response.headers["Location"]) == (303, PATH)
    page = await alice.get(PATH)
    assert "Saved." in page.text
    assert 'value="smtp.example.org"' in page.text
    assert "In use, but not tested" in page.text
    await alice.post(PATH, with_password(password="", security="starttls", sender_name="Helpdesk"))
    revisions = await Revision.all().order_by("id")
    assert [each.sender_name for each in revisions] == ["Postern", "Helpdesk"]
    assert revisions[0].sealed_password == revisions[1].sealed_password != ""
    entries = await AuditEntry.filter(action="mail_server:saved").order_by("id")
    assert [each.actor for each in entries] == ["alice", "alice"]
    assert entries[0].details["password"] == "changed"
    assert entries[1].details == {"sender_name before": "Postern", "sender_name after": "Helpdesk"}


async def test_htmx_gets_the_form_and_a_toast_in_place(alice: Browser) -> None:
    response = await alice.htmx_post(PATH, fields())
    assert response.status_code == 200
    assert response.text.lstrip().startswith("<form") or '<form class="stack" id="mail-server-form"' in response.text
    assert "<html" not in response.text
    assert 'hx-target="#toasts"' in response.text
    assert "Saved." in response.text


async def test_the_region_is_a_part_of_the_page(alice: Browser) -> None:
    await alice.post(PATH, fields())
    page, region = await alice.get(PATH), await alice.htmx_get(PATH)
    assert region.text.strip() in page.text


async def test_saving_the_same_again_adds_nothing(alice: Browser) -> None:
    await alice.post(PATH, with_password())
    again = await alice.htmx_post(PATH, with_password())
    assert "Nothing had changed." in again.text
    assert await Revision.all().count() == 1


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("host", "smtp.example.org:25"),
        ("host", "-mail.example.org"),
        ("port", "99999"),
        ("security", "ssl"),
        ("auth", "kerberos"),
        ("username", ""),
        ("password", "a\nb"),
        ("plaintext_auth", "perhaps"),
        ("sender_address", "nobody"),
        ("sender_name", "Postern\nBcc: eve@example.org"),
        ("reply_to", "nobody"),
        ("ehlo_name", "two words"),
        ("timeout_seconds", "61"),
        ("ca_certificate", "no certificate"),
    ],
)
async def test_a_wrong_field_is_422_with_its_sentence_and_nothing_is_lost(
    alice: Browser, field: str, value: str
) -> None:
    for post in (alice.post, alice.htmx_post):
        response = await post(
            PATH, with_password(**{"sender_name": "Kept", "reply_to": "kept@example.org", field: value})
        )
        assert response.status_code == 422
        assert error_of(response, field)
        assert 'value="kept@example.org"' in response.text or field == "reply_to"
        assert CANARY not in response.text
    assert await Revision.all().count() == 0
    assert await AuditEntry.filter(action="mail_server:saved").count() == 0


async def test_a_field_sent_twice_or_made_up_is_refused(alice: Browser) -> None:
    made_up = await alice.post(PATH, {**fields(), "created_by_id": "1"})
    twice = await alice.post(PATH, {**fields(), "host": ["a.example", "b.example"]})
    assert (made_up.status_code, twice.status_code) == (422, 422)
    assert await Revision.all().count() == 0


async def test_the_second_of_two_administrators_is_told_and_loses_nothing(alice: Browser, sign_in: SignIn) -> None:
    bob = await sign_in("bob")
    await alice.post(PATH, with_password())
    opened = bob.hidden(await bob.get(PATH), "revision")
    assert opened == alice.hidden(await alice.get(PATH), "revision")
    await alice.post(PATH, with_password(password="", sender_name="By Alice", revision=opened))
    mine = with_password(password="", sender_name="By Bob", revision=opened)
    told = await bob.htmx_post(PATH, mine)
    assert told.status_code == 409
    assert "alice has saved other settings" in told.text
    assert "By Alice" in told.text
    assert 'value="By Bob"' in told.text
    assert [each.sender_name for each in await Revision.all().order_by("id")] == ["Postern", "By Alice"]
    again = await bob.htmx_post(PATH, {**mine, "revision": bob.hidden(told, "revision")})
    assert again.status_code == 200
    assert (await Revision.all().order_by("-id").first()).sender_name == "By Bob"  # type: ignore[union-attr]


async def test_a_form_that_was_refused_is_still_known_to_be_outdated(alice: Browser, sign_in: SignIn) -> None:
    bob = await sign_in("bob")
    await alice.post(PATH, fields())
    refused = await bob.post(PATH, fields(port="0", revision="0"))
    assert bob.hidden(refused, "revision") == "0"
    assert (await bob.post(PATH, fields(sender_name="By Bob", revision="0"))).status_code == 409


async def test_of_many_that_save_at_once_one_is_first(sign_in: SignIn) -> None:
    browsers = [await sign_in(f"admin{number}") for number in range(6)]
    answers = await asyncio.gather(
        *(each.post(PATH, fields(sender_name=f"By {number}", revision="0")) for number, each in enumerate(browsers))
    )
    assert sorted(each.status_code for each in answers) == [303, 409, 409, 409, 409, 409]
    assert await Revision.all().count() == 1
    assert await AuditEntry.filter(action="mail_server:saved").count() == 1


@pytest.mark.parametrize("role", [Role.HELPDESK, Role.AUDITOR, Role.USER])
async def test_only_administrators_come_in(sign_in: SignIn, role: Role) -> None:
    browser = await sign_in("eve", role)
    assert (await browser.get(PATH)).status_code == 403
    assert (await browser.post(PATH, fields())).status_code == 403
    assert (await browser.post(f"{PATH}/tests", {**fields(), "recipient": "eve@example.org"})).status_code == 403
    assert await Revision.all().count() == 0


async def test_strangers_are_asked_to_sign_in(world: World) -> None:
    browser = world.browser()
    assert (await browser.post(PATH, fields())).status_code == 303
    assert (await browser.post(f"{PATH}/tests", fields())).status_code == 303
    assert await Revision.all().count() == 0


async def test_the_password_is_nowhere_to_be_read(alice: Browser) -> None:
    answers = [await alice.post(PATH, with_password()), await alice.get(PATH), await alice.htmx_get(PATH)]
    answers.append(await alice.post(PATH, with_password(port="0")))
    answers.append(await alice.post(PATH, with_password(password=CANARY + "-2", sender_name="Other")))
    assert all(CANARY not in each.text for each in answers)
    assert all("*****" not in each.text for each in answers)
    for table in ("mail_server_revisions", "audit_entries", "mail_server_verdicts", "counters"):
        rows = await writing().execute_query_dict(f"SELECT * FROM {table}")  # noqa: S608
        assert CANARY not in str([dict(row) for row in rows])


async def test_names_are_shown_as_text(alice: Browser) -> None:
    hostile = '"><img src=x onerror=alert(1) hx-get="/x">'
    response = await alice.htmx_post(PATH, fields(sender_name=hostile))
    assert response.status_code == 200
    assert "<img" not in response.text
    assert "&lt;img" in response.text


async def test_development_offers_its_own_mailbox(alice: Browser) -> None:
    assert "development mailbox" not in (await alice.get(PATH)).text


async def test_the_difference_names_what_was_changed_and_nothing_else(alice: Browser, sign_in: SignIn) -> None:
    bob = await sign_in("bob")
    await alice.post(PATH, fields())
    await alice.post(PATH, fields(sender_name="By Alice", security="starttls", revision="1"))
    # The page sends the choice of a grant even where no access token is asked for, and white space as it was typed.
    form = fields(host=" smtp.example.org ", sender_name="By Bob", oauth_grant="client_credentials", revision="1")
    answer = await bob.htmx_post(PATH, form)
    assert answer.status_code == 409
    table = answer.text.partition("<tbody>")[2].partition("</tbody>")[0]
    assert re.findall(r'<th scope="row">(.*?)</th>', table) == ["Secure connection", "Sender&#39;s name"]
    assert ">STARTTLS<" in table
    assert ">None<" in table
    secret = await bob.htmx_post(PATH, with_password(revision="1"))
    assert CANARY not in secret.text
    assert re.search(
        r'<th scope="row">Password</th><td[^>]*>as it is stored now</td><td[^>]*>changed</td>', secret.text
    )
