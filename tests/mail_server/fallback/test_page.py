"""The fallback server is set up like the first: same form, same test, a history of its own; and it can be removed."""

import asyncio
import re
from pathlib import Path

import httpx2
import pytest

from tests.mail_server.conftest import SignIn
from tests.mail_server.filling import CANARY, error_of, fields, with_password
from tests.smtp_server import smtp_server
from tests.world import Browser, World, a_world
from webapp.audit.models import AuditEntry
from webapp.audit.record import Actor
from webapp.audit.words import ACTIONS
from webapp.db.connect import Database, transaction
from webapp.mail_server.active import ActiveServer, State, active_server, health
from webapp.mail_server.models import Revision, Slot
from webapp.mail_server.preset import check_preset
from webapp.mail_server.removal.remove import NothingToRemove, Removed, remove
from webapp.mail_server.revisions import ANY, Overtaken
from webapp.principal import Role
from webapp.sessions.session import Client, begin

PATH = "/mail-server"
FALLBACK = "/mail-server/fallback"
REMOVAL = f"{FALLBACK}/removal"


async def host_of(world: World, slot: Slot) -> str:
    found = await active_server(world.kit.vault, {}, slot)
    return found.server.host if isinstance(found, ActiveServer) else ""


def numbers(page: httpx2.Response) -> list[int]:
    return [int(number) for number in re.findall(r'id="revision-(\d+)"', page.text)]


async def test_an_empty_one_says_what_it_is_for(alice: Browser) -> None:
    page = await alice.get(FALLBACK)
    assert page.status_code == 200
    assert "There is no fallback server" in page.text
    assert "letters go out by this one at once instead of waiting" in page.text
    assert "Remove the fallback server" not in page.text
    assert 'action="/mail-server/fallback"' in page.text
    assert 'action="/mail-server"' not in page.text
    assert "First, tell Postern" not in page.text
    assert (await alice.get(REMOVAL)).status_code == 404


async def test_each_has_settings_of_its_own(world: World, alice: Browser) -> None:
    await alice.post(PATH, fields(host="first.example.org"))
    saved = await alice.post(FALLBACK, fields(host="second.example.org"))
    assert (saved.status_code, saved.headers["location"]) == (303, FALLBACK)
    assert await host_of(world, Slot.PRIMARY) == "first.example.org"
    assert await host_of(world, Slot.FALLBACK) == "second.example.org"
    first, second = await alice.get(PATH), await alice.get(FALLBACK)
    assert 'value="first.example.org"' in first.text
    assert "second.example.org" not in first.text
    assert 'value="second.example.org"' in second.text
    assert "first.example.org" not in second.text
    assert [each.action for each in await AuditEntry.filter(action__endswith=":saved").order_by("id")] == [
        "mail_server:saved",
        "fallback_server:saved",
    ]


async def test_saves_of_both_do_not_overtake_each_other(alice: Browser) -> None:
    await alice.post(PATH, fields(host="first.example.org", revision="0"))
    assert (await alice.post(FALLBACK, fields(host="second.example.org", revision="0"))).status_code == 303
    # The first form was opened before the fallback was saved.
    assert (await alice.post(PATH, fields(host="third.example.org", revision="1"))).status_code == 303
    late = await alice.post(FALLBACK, fields(host="fourth.example.org", revision="0"))
    assert late.status_code == 409
    assert 'href="/mail-server/fallback">Go on with what is saved' in late.text


async def test_it_is_tested_like_the_first(world: World, alice: Browser) -> None:
    async with smtp_server(credentials=("postern", CANARY)) as server:
        await alice.post(FALLBACK, with_password(server))
        form = {**with_password(server, password=""), "recipient": "inbox@example.org"}
        streamed = await alice.htmx_post(f"{FALLBACK}/tests", form)
        assert "The test mail has been sent." in streamed.text
        assert "Ready, and the last test passed" in streamed.text
        assert "not saved yet" not in streamed.text
        whole = await alice.post(f"{FALLBACK}/connections", form)
        assert "The connection works; no letter was sent." in whole.text
        assert len(server.letters) == 1
    assert (await health(world.kit.vault, {}, Slot.FALLBACK)).state is State.PASSED
    assert (await health(world.kit.vault, {})).state is State.NONE


async def test_its_tools_fill_in_its_own_form(alice: Browser) -> None:
    page = await alice.get(FALLBACK)
    for tool in ("tests", "connections", "fillings", "searches", "domain", "revisions"):
        assert f'"{FALLBACK}/{tool}"' in page.text, tool
        assert f'"{PATH}/{tool}"' not in page.text, tool
    filled = await alice.htmx_post(f"{FALLBACK}/fillings", fields(preset="gmail"))
    assert 'value="smtp.gmail.com"' in filled.text
    assert f'hx-post="{FALLBACK}"' in filled.text
    async with smtp_server() as server:
        found = await alice.htmx_post(f"{FALLBACK}/searches", fields(server))
        assert f"{FALLBACK}/fillings?use=" in found.text or "Nothing was found" in found.text
    domain = await alice.get(f"{FALLBACK}/domain")
    assert f'action="{FALLBACK}/domain"' in domain.text
    assert "Send a sample" not in page.text


async def test_the_password_of_one_is_never_used_for_the_other(world: World, alice: Browser) -> None:
    async with smtp_server(credentials=("postern", CANARY)) as server:
        await alice.post(PATH, with_password(server))
        same = with_password(server, password="", recipient="a@example.org")
        for path in (FALLBACK, f"{FALLBACK}/tests", f"{FALLBACK}/connections"):
            refused = await alice.htmx_post(path, same)
            assert refused.status_code == 422, path
            assert "type the password" in error_of(refused, "password")
        assert server.sign_ins == []
        # Nor does its own go to where the first is.
        async with smtp_server(credentials=("postern", "another")) as other:
            await alice.post(FALLBACK, with_password(other, password="another"))
            refused = await alice.htmx_post(f"{FALLBACK}/tests", same)
            assert "type the password again" in error_of(refused, "password")
            assert (server.sign_ins, other.sign_ins) == ([], [])
    found = await active_server(world.kit.vault, {}, Slot.FALLBACK)
    assert isinstance(found, ActiveServer)
    assert found.server.secret == "another"


async def test_each_has_a_history_of_its_own(alice: Browser) -> None:
    await alice.post(PATH, fields(host="a.example.org"))
    await alice.post(FALLBACK, fields(host="b.example.org"))
    await alice.post(PATH, fields(host="c.example.org"))
    await alice.post(FALLBACK, fields(host="d.example.org"))
    first, second = await alice.get(f"{PATH}/revisions"), await alice.get(f"{FALLBACK}/revisions")
    assert (numbers(first), numbers(second)) == ([3, 1], [4, 2])
    assert "Every saved state of the fallback server" in second.text
    assert (await alice.post(f"{FALLBACK}/revisions/1/return", {"revision": "4"})).status_code == 404
    assert (await alice.post(f"{PATH}/revisions/2/return", {"revision": "3"})).status_code == 404
    back = await alice.post(f"{FALLBACK}/revisions/2/return", {"revision": "4"})
    assert (back.status_code, back.headers["location"]) == (303, FALLBACK)
    assert 'value="b.example.org"' in (await alice.get(FALLBACK)).text
    assert 'value="c.example.org"' in (await alice.get(PATH)).text


async def test_it_can_be_removed_and_its_history_stays(world: World, alice: Browser) -> None:
    await alice.post(PATH, fields(host="first.example.org"))
    await alice.post(FALLBACK, with_password(host="second.example.org"))
    page = await alice.get(FALLBACK)
    assert f'href="{REMOVAL}"' in page.text
    asked = await alice.get(REMOVAL)
    assert "second.example.org" in asked.text
    removed = await alice.post(REMOVAL, {"revision": alice.hidden(asked, "revision")})
    assert (removed.status_code, removed.headers["location"]) == (303, FALLBACK)
    assert await active_server(world.kit.vault, {}, Slot.FALLBACK) is None
    assert await host_of(world, Slot.PRIMARY) == "first.example.org"
    empty = await alice.get(FALLBACK)
    assert "The fallback server is removed." in empty.text
    assert "There is no fallback server" in empty.text
    assert "second.example.org" not in empty.text
    history = await alice.get(f"{FALLBACK}/revisions")
    assert numbers(history) == [3, 2]
    assert "The fallback server was removed." in history.text
    assert history.text.count("Return to these") >= 1
    entry = await AuditEntry.get(action="fallback_server:removed")
    assert entry.subject == "second.example.org"
    assert entry.action in ACTIONS
    row = await Revision.get(id=3)
    assert (row.removed, row.sealed_password, row.host) == (True, "", "second.example.org")


async def test_after_a_removal_the_password_is_typed_anew(world: World, alice: Browser) -> None:
    await alice.post(FALLBACK, with_password())
    await alice.post(REMOVAL, {"revision": "1"})
    refused = await alice.post(FALLBACK, with_password(password="", revision="0"))
    assert "type the password" in error_of(refused, "password")
    returned = await alice.post(f"{FALLBACK}/revisions/1/return", {"revision": "0"})
    assert returned.status_code == 422
    assert (await alice.post(f"{FALLBACK}/revisions/2/return", {"revision": "0"})).status_code == 404
    again = await alice.post(f"{FALLBACK}/revisions/1/return", {"revision": "0", "password": CANARY})
    assert again.status_code == 303
    assert await host_of(world, Slot.FALLBACK) == "smtp.example.org"
    page = await alice.get(f"{FALLBACK}/revisions")
    assert numbers(page) == [3, 2, 1]


async def test_whoever_is_late_is_told(alice: Browser, sign_in: SignIn) -> None:
    bob = await sign_in("bob")
    await alice.post(FALLBACK, fields(host="one.example.org"))
    await bob.post(FALLBACK, fields(host="two.example.org", revision="1"))
    late = await alice.post(REMOVAL, {"revision": "1"})
    assert late.status_code == 409
    assert "two.example.org" in late.text
    assert (await alice.post(REMOVAL, {"revision": "2"})).status_code == 303
    edited = await bob.post(FALLBACK, fields(host="three.example.org", revision="2"))
    assert edited.status_code == 409
    assert "three.example.org" in edited.text
    twice = await alice.post(REMOVAL, {"revision": "2"})
    assert twice.status_code == 303
    assert "There was no fallback server." in (await alice.get(FALLBACK)).text


async def test_what_is_saved_of_both_at_once_all_lands(world: World, alice: Browser) -> None:
    await alice.post(FALLBACK, fields(host="x.example.org"))
    removal = remove(opened_with=1, actor=Actor("tests"), now=world.clock())
    posts = [alice.post(PATH, fields(host=f"p{number}.example.org")) for number in range(5)]
    removed, answers = await asyncio.gather(removal, asyncio.gather(*posts))
    assert removed == Removed()
    posts = [
        alice.post(path, fields(host=f"q{number}.example.org")) for number in range(4) for path in (PATH, FALLBACK)
    ]
    answers += await asyncio.gather(*posts)
    assert {answer.status_code for answer in answers} == {303}
    assert sorted(each.id for each in await Revision.all()) == list(range(1, 16))
    assert (await host_of(world, Slot.PRIMARY)).startswith("q")
    assert (await host_of(world, Slot.FALLBACK)).startswith("q")


async def test_a_removal_by_nobody_in_particular(world: World, alice: Browser) -> None:
    actor, now = Actor("tests"), world.clock()
    assert await remove(opened_with=ANY, actor=actor, now=now) == NothingToRemove()
    await alice.post(FALLBACK, fields())
    assert isinstance(await remove(opened_with=7, actor=actor, now=now), Overtaken)
    assert await remove(opened_with=ANY, actor=actor, now=now) == Removed()


async def test_the_first_cannot_be_removed(alice: Browser) -> None:
    await alice.post(PATH, fields())
    assert (await alice.post(f"{PATH}/removal", {"revision": "1"})).status_code == 404
    assert "Remove" not in (await alice.get(PATH)).text


async def test_the_environment_sets_each_up_by_itself(db: Database, tmp_path: Path) -> None:
    fixed = {"host": "relay.example.org", "port": "2525"}
    async with a_world(db, tmp_path, fallback_mail_server=fixed) as world:
        user = await world.person("root", email="root@example.org", role=Role.ADMIN)
        async with transaction():
            token = await begin(user, Client("127.0.0.1", "tests"), now=world.clock())
        root = world.browser()
        root.client.cookies.set("postern_session", token)
        assert "Set by POSTERN_FALLBACK_MAIL_SERVER_HOST" in (await root.get(FALLBACK)).text
        assert "Set by" not in (await root.get(PATH)).text
        await root.post(FALLBACK, fields(host="typed.example.org", port="25"))
        found = await active_server(world.kit.vault, world.kit.presets[Slot.FALLBACK], Slot.FALLBACK)
        assert isinstance(found, ActiveServer)
        assert (found.server.host, found.server.port) == ("relay.example.org", 2525)


def test_a_wrong_value_in_the_environment_names_its_variable() -> None:
    with pytest.raises(ValueError, match="POSTERN_FALLBACK_MAIL_SERVER_PORT cannot be used"):
        check_preset({"port": "many"}, Slot.FALLBACK)
