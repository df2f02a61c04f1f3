"""Asking an administrator for help, and the inbox of those who give it."""

import asyncio
from datetime import timedelta

import httpx2
import pytest

from tests.postal import post, text_of, use_server
from tests.smtp_server import smtp_server
from tests.webhook_server import webhook_server
from tests.webhooks.alerts import keep
from tests.world import PASSWORD, World
from webapp.audit.models import AuditEntry
from webapp.principal import Role
from webapp.recovery.help.ask import NAME
from webapp.recovery.models import HelpRequest
from webapp.webhooks.models import WebhookCall

PATH = "/help-requests"
INBOX = f"{PATH}/inbox"


async def plead(world: World, name: str, message: str = "It never came.") -> httpx2.Response:
    fields = {"identifier": name, "contact": "extension 12", "message": message}
    return await world.browser().post(PATH, fields)


async def test_the_answer_is_the_same_whoever_is_named(world: World) -> None:
    await world.person("ada", email="ada@example.org")
    answers = [await plead(world, name) for name in ("ada", "bob", "ada@example.org", "bob", "???")]
    assert {(each.status_code, each.headers["location"], each.content) for each in answers} == {
        (303, f"{PATH}/sent", b"")
    }
    assert (await world.browser().get(f"{PATH}/sent")).status_code == 200
    # The second one of bob's adds nothing.
    assert await HelpRequest.all().count() == 4


async def test_what_was_typed_is_kept_sealed(world: World) -> None:
    await plead(world, "ada", "A canary sings.")
    (row,) = await HelpRequest.all().values()
    assert not any(word in str(row) for word in ("ada", "extension", "canary"))


async def test_bad_input_is_said_at_its_field_and_nothing_is_lost(world: World) -> None:
    fields = {"identifier": "ada", "contact": "", "message": "First line\nsecond line"}
    answer = await world.browser().post(PATH, fields)
    assert answer.status_code == 422
    assert "First line\nsecond line" in answer.text
    assert 'id="contact-error"' in answer.text
    assert (await plead(world, "ada", "\x07")).status_code == 422
    assert (await plead(world, "ada", "x" * 1_001)).status_code == 422
    assert not await HelpRequest.exists()


async def test_a_network_asks_five_times_an_hour(world: World) -> None:
    for number in range(5):
        assert (await plead(world, f"name{number}")).status_code == 303
    refused = await plead(world, "ada")
    assert refused.status_code == 429
    assert int(refused.headers["retry-after"]) > 0


async def test_staff_read_close_and_open_again(world: World) -> None:
    ada = await world.person("ada", email="ada@example.org")
    await plead(world, "ADA@example.org", "<b>It</b> never came.")
    await plead(world, "nobody")
    admin = await world.admin()
    await world.person("desk", password=PASSWORD, role=Role.HELPDESK)
    desk = await world.entered("desk")
    assert "Somebody asks for help." in (await desk.get("/users")).text
    page = (await admin.get(INBOX)).text
    assert f'<a href="/users/{ada.id}">' in page
    assert "&lt;b&gt;It&lt;/b&gt; never came." in page
    assert "No such account" in page
    assert page.index("nobody") < page.index("extension 12", page.index("nobody"))
    for request in await HelpRequest.all():
        answer = await admin.post(f"{PATH}/{request.id}", {"state": "closed"})
        assert (answer.status_code, answer.headers["location"]) == (303, INBOX)
    assert "There are none." in (await admin.get(INBOX)).text
    assert "Somebody asks for help." not in (await desk.get("/users")).text
    assert "closed by root" in (await admin.get(f"{INBOX}?state=closed")).text
    entry = await AuditEntry.get(action="help:closed", subject="ada")
    assert entry.actor == "root"
    first = await HelpRequest.all().order_by("id").first()
    assert first is not None
    await admin.post(f"{PATH}/{first.id}", {"state": "open"})
    assert "ADA@example.org" in (await admin.get(INBOX)).text
    assert await AuditEntry.filter(action="help:reopened").count() == 1
    assert (await admin.post(f"{PATH}/{first.id}", {"state": "gone"})).status_code == 422
    assert (await admin.post(f"{PATH}/999", {"state": "open"})).status_code == 404
    # Once closed, the same name may ask again at once.
    await admin.post(f"{PATH}/{first.id}", {"state": "closed"})
    await plead(world, "ada@example.org")
    assert await HelpRequest.filter(closed_at=None).count() == 1


async def test_helpdesk_sees_none_about_people_out_of_reach(world: World) -> None:
    await world.person("chief", email="chief@example.org", role=Role.ADMIN)
    await plead(world, "chief")
    await plead(world, "nobody")
    await world.person("desk", password=PASSWORD, role=Role.HELPDESK)
    desk = await world.entered("desk")
    page = (await desk.get(INBOX)).text
    assert "nobody" in page
    assert "chief" not in page
    about_chief = await HelpRequest.all().order_by("id").first()
    assert about_chief is not None
    assert (await desk.post(f"{PATH}/{about_chief.id}", {"state": "closed"})).status_code == 404
    assert (await HelpRequest.get(id=about_chief.id)).closed_at is None


async def test_of_many_requests_at_once_that_are_the_same_one_is_kept(world: World) -> None:
    fields = {"identifier": "ada", "contact": "extension 12"}
    answers = await asyncio.gather(*(world.browser().post(PATH, fields) for _ in range(5)))
    assert {answer.status_code for answer in answers} == {303}
    assert await HelpRequest.all().count() == 1


async def test_a_stranger_who_asks_first_does_not_stand_for_the_owner(world: World) -> None:
    await world.person("ada", email="ada@example.org")
    stranger, owner, near = [
        world.browser(address=address) for address in ("203.0.113.9", "198.51.100.7", "203.0.113.9")
    ]
    asked = [
        await stranger.post(PATH, {"identifier": "ada", "contact": "call the stranger"}),
        await owner.post(PATH, {"identifier": "Ada", "contact": "call the owner"}),
        await owner.post(PATH, {"identifier": "nobody", "contact": "call nobody"}),
        await near.post(PATH, {"identifier": "ada@example.org", "contact": "call the owner at the stranger's"}),
    ]
    assert {(each.status_code, each.headers["location"]) for each in asked} == {(303, f"{PATH}/sent")}
    page = (await (await world.admin()).get(INBOX)).text
    # Together, whatever came in between, so that nobody takes the one for the only one.
    places = [page.index(text) for text in ("at the stranger", "call the owner<", "call the stranger", "call nobody")]
    assert places == sorted(places)
    assert page.count("One of 3 for this name") == 3


async def test_one_name_is_asked_for_a_few_times_an_hour_and_by_one_site_fewer(world: World) -> None:
    for number in range(6):
        browser = world.browser(address=f"2001:db8:0:{number:x}::1")
        assert (await browser.post(PATH, {"identifier": "ada", "contact": f"room {number}"})).status_code == 303
    assert await HelpRequest.all().count() == 2
    for number in range(12):
        browser = world.browser(address=f"198.51.{number}.1")
        assert (await browser.post(PATH, {"identifier": "ada", "contact": "room 7"})).status_code == 303
    assert await HelpRequest.all().count() == 10


@pytest.mark.parametrize("addresses", ["2001:db8:0:{:x}::1", "192.0.2.{}"])
async def test_one_site_does_not_shut_everybody_else_out(world: World, addresses: str) -> None:
    answers = [
        await world.browser(address=addresses.format(number)).post(
            PATH, {"identifier": f"name{number}", "contact": "extension 12"}
        )
        for number in range(35)
    ]
    assert [answer.status_code for answer in answers] == 30 * [303] + 5 * [429]
    assert (await plead(world, "ada")).status_code == 303


async def test_staff_are_told_of_those_they_may_see_and_administrators_of_trouble_as_well(world: World) -> None:
    await world.person("chief", email="chief@example.org", role=Role.ADMIN)
    await world.person("desk", password=PASSWORD, role=Role.HELPDESK)
    desk, admin = await world.entered("desk"), await world.admin()
    await plead(world, "chief")
    assert "Somebody asks for help." not in (await desk.get("/users")).text
    page = (await admin.get("/users")).text
    assert "Somebody asks for help." in page
    assert "No mail server is set up" in page


async def test_helpdesk_gets_whole_pages_of_what_it_may_see(world: World) -> None:
    await world.person("chief", email="chief@example.org", role=Role.ADMIN)
    await world.person("desk", password=PASSWORD, role=Role.HELPDESK)
    vault, now = world.kit.vault, world.clock()
    for number in range(120):
        name = "chief" if number % 2 else f"somebody{number}"
        await HelpRequest.create(
            sealed_identifier=vault.seal(name, NAME), identifier_digest=str(number), requested_at=now
        )
    desk = await world.entered("desk")
    page = (await desk.get(INBOX)).text
    assert page.count('<tr><th scope="row"') == 50
    assert "chief" not in page
    oldest = await HelpRequest.get(identifier_digest="20")
    assert f"after={oldest.id}" in page
    assert (await desk.get(f"{INBOX}?after={oldest.id}")).text.count('<tr><th scope="row"') == 10


async def test_older_ones_are_on_further_pages(world: World) -> None:
    now = world.clock()
    for number in range(60):
        await HelpRequest.create(identifier_digest=str(number), requested_at=now + timedelta(seconds=number))
    admin = await world.admin()
    page = (await admin.get(INBOX)).text
    assert page.count('<tr><th scope="row"') == 50
    oldest = (await HelpRequest.all().order_by("id").offset(10).limit(1))[0].id
    assert f"after={oldest}" in page
    assert (await admin.get(f"{INBOX}?after={oldest}")).text.count('<tr><th scope="row"') == 10
    assert (await admin.get(f"{INBOX}?after=x")).status_code == 422


async def test_administrators_are_told_once_an_hour_and_nothing_is_quoted(world: World) -> None:
    await world.person("root", email="root@example.org", password=PASSWORD, role=Role.ADMIN)
    await world.person("silent", password=PASSWORD, role=Role.ADMIN)
    await world.person("desk", email="desk@example.org", password=PASSWORD, role=Role.HELPDESK)
    async with webhook_server() as hook, smtp_server() as server:
        await keep(world, hook)
        await use_server(world, server)
        for name in ("ada", "bob"):
            await plead(world, name, "A canary sings.")
        await post(world)
        letter = await server.next_letter()
        assert letter.recipients == ["root@example.org"]
        assert "http://localhost:8000/help-requests/inbox" in text_of(letter)
        assert not [word for word in ("ada", "extension", "canary") if word in text_of(letter)]
        assert len(server.letters) == 1
        (call,) = await WebhookCall.all()
        assert (call.event, call.facts) == ("help.asked", {})
        world.clock.advance(hours=1)
        await plead(world, "carla")
        assert await WebhookCall.all().count() == 2
