"""Language and time zone."""

import re

import pytest

from tests.world import World
from webapp.audit.models import AuditEntry
from webapp.users.models import User


async def test_the_time_zone_of_the_account_is_that_of_every_page(world: World) -> None:
    browser = await world.admin()
    page = (await browser.get("/account")).text
    assert re.search(r' title="2026-11-22 12:00:00 UTC">Nov 22, 2026, 12:00\sPM UTC</time>', page)
    saved = await browser.post("/account", {"language": "", "time_zone": "Asia/Tokyo"})
    assert (saved.status_code, saved.headers["location"]) == (303, "/account")
    for path in ("/account", "/account/sessions", "/audit"):
        page = (await browser.get(path)).text
        assert re.search(
            r'<time datetime="2026-11-22T21:00:00\+09:00" title="2026-11-22 21:00:00 \+09:00">[^<]*9:00\sPM</time>',
            page,
        ), path
        assert "UTC</time>" not in page, path


async def test_the_language_of_the_account_holds_in_a_browser_that_has_chosen_none(world: World) -> None:
    await world.person("alice")
    here = await world.entered("alice")
    await here.post("/account", {"language": "zh_Hans", "time_zone": ""})
    assert '<html lang="zh-Hans"' in (await here.get("/account")).text
    there = await world.entered("alice")
    assert '<html lang="zh-Hans"' in (await there.get("/account")).text
    assert '<html lang="en"' in (await there.get("/account?language=en")).text
    assert '<html lang="en"' in (await there.get("/account")).text
    await here.post("/account", {"language": "", "time_zone": ""})
    assert '<html lang="en"' in (await here.get("/account")).text


@pytest.mark.parametrize(
    "fields",
    [
        {"language": "tlh", "time_zone": ""},
        {"language": "", "time_zone": "Europe/Atlantis"},
        {"language": "", "time_zone": "../../etc/passwd"},
        {"language": "", "time_zone": "europe/berlin"},
    ],
)
async def test_what_is_not_offered_is_not_taken(world: World, fields: dict[str, str]) -> None:
    await world.person("alice")
    browser = await world.entered("alice")
    answer = await browser.post("/account", fields)
    assert answer.status_code == 422
    assert 'aria-invalid="true"' in answer.text
    user = await User.get(username="alice")
    assert (user.language, user.time_zone) == (None, "")


async def test_a_change_is_on_record_and_none_is_not(world: World) -> None:
    await world.person("alice")
    browser = await world.entered("alice")
    for _ in range(2):
        await browser.post("/account", {"language": "en", "time_zone": "Europe/Berlin"})
    entry = await AuditEntry.get(action="user:chose_preferences")
    assert entry.details == {
        "language before": "",
        "language after": "en",
        "time_zone before": "",
        "time_zone after": "Europe/Berlin",
    }


async def test_the_page_tells_when_the_password_was_changed(world: World) -> None:
    alice = await world.person("alice", password="correct horse battery 1")
    browser = await world.entered("alice")
    assert "Not since the account was created" in (await browser.get("/account")).text
    admin = await world.admin()
    await admin.post(f"/users/{alice.id}/password", {"new_password": "violet harbour seven lanterns"})
    browser = await world.entered("alice")
    assert "Not since the account was created" not in (await browser.get("/account")).text
