"""Where one is signed in, and ending that."""

import re

import pytest

from tests.world import Browser, World
from webapp.account.browsers import browser_in_words
from webapp.audit.models import AuditEntry
from webapp.principal import Role
from webapp.sessions.models import Session
from webapp.users.models import User

PATH = "/account/sessions"


async def ids(browser: Browser) -> list[int]:
    return [int(each) for each in re.findall(r'name="session" value="(\d+)"', (await browser.get(PATH)).text)]


@pytest.mark.parametrize(
    ("agent", "words"),
    [
        ("Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0", "Firefox on Linux"),
        ("Something (Windows NT 10.0)", "Unknown browser on Windows"),
        ("", "Unknown browser"),
        ("<script>alert(1)</script>", "Unknown browser"),
    ],
)
def test_a_browser_in_words(agent: str, words: str) -> None:
    assert str(browser_in_words(agent)) == words


async def test_one_browser_is_signed_out_and_the_others_stay(world: World) -> None:
    await world.person("alice")
    here, there, elsewhere = [await world.entered("alice") for _ in range(3)]
    version = (await User.get(username="alice")).credentials_version
    mine, *others = await ids(here)
    assert len(others) == 2
    ended = (await ids(there))[0]
    answer = await here.post(PATH, {"which": "one", "session": str(ended)})
    assert (answer.status_code, answer.headers["location"]) == (303, PATH)
    assert "The browser is signed out." in (await here.get(PATH)).text
    assert [(await each.get("/account")).status_code for each in (here, there, elsewhere)] == [200, 303, 200]
    assert (await User.get(username="alice")).credentials_version == version
    assert await AuditEntry.filter(action="session:ended", actor="alice", subject="alice").count() == 1
    assert (await here.post(PATH, {"which": "one", "session": str(ended)})).status_code == 404
    gone = await here.post(PATH, {"which": "one", "session": str(mine)})
    assert gone.headers["location"] == "/sign-in"
    assert (await here.get("/account")).status_code == 303


async def test_all_others_and_all(world: World) -> None:
    await world.person("alice")
    here, there = await world.entered("alice"), await world.entered("alice")
    await here.post(PATH, {"which": "others"})
    assert [(await each.get("/account")).status_code for each in (here, there)] == [200, 303]
    there = await world.entered("alice")
    assert (await here.post(PATH, {"which": "all"})).headers["location"] == "/sign-in"
    assert [(await each.get("/account")).status_code for each in (here, there)] == [303, 303]
    assert await AuditEntry.filter(action="user:ended_sessions").count() == 2


@pytest.mark.parametrize("role", [Role.USER, Role.ADMIN])
async def test_the_session_of_somebody_else_does_not_exist(world: World, role: Role) -> None:
    await world.person("alice")
    await world.person("mallory", role=role)
    await world.entered("alice")
    theirs = await Session.get(user__username="alice")
    mallory = await world.entered("mallory")
    for guess in (str(theirs.id), "0", "-1", "9" * 18, "9" * 40, "", "x", "١"):
        answer = await mallory.post(PATH, {"which": "one", "session": guess})
        assert answer.status_code == 404, guess
    assert await Session.filter(id=theirs.id).exists()
    assert theirs.id not in await ids(mallory)
    assert (await mallory.post(PATH, {"which": "everyone", "session": ""})).status_code == 422


async def test_what_has_run_out_is_not_shown(world: World) -> None:
    await world.person("alice")
    await world.entered("alice")
    world.clock.advance(minutes=31)
    here = await world.entered("alice")
    assert len(await ids(here)) == 1
