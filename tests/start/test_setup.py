"""The first administrator."""

import asyncio

from tests.world import PASSWORD, World
from webapp.audit.models import AuditEntry
from webapp.principal import Role
from webapp.users.models import User

TOKEN = "t" * 24
FIELDS = {"token": TOKEN, "username": "root", "email": "root@example.org", "password": PASSWORD}


async def test_the_first_administrator_is_signed_in_and_sees_the_mail_server(world: World) -> None:
    browser = world.browser()
    page = await browser.get(f"/setup?token={TOKEN}")
    assert page.status_code == 200
    assert browser.hidden(page, "token") == TOKEN
    response = await browser.post("/setup", FIELDS)
    assert response.status_code == 303
    assert response.headers["location"] == "/mail-server?first=1"
    assert "Postern is yours" in (await browser.get("/mail-server?first=1")).text
    user = await User.get()
    assert user.role is Role.ADMIN
    assert user.email == "root@example.org"
    assert await AuditEntry.filter(action="user:created").count() == 1


async def test_without_the_token_there_is_no_setting_up(world: World) -> None:
    browser = world.browser()
    for path in ("/setup", "/setup?token=wrong"):
        assert (await browser.get(path)).status_code == 403
    assert (await browser.post("/setup", {**FIELDS, "token": "wrong"})).status_code == 403
    assert await User.all().count() == 0


async def test_once_there_is_an_administrator_it_is_over(world: World) -> None:
    await world.person("root", role=Role.ADMIN)
    browser = world.browser()
    assert (await browser.get(f"/setup?token={TOKEN}")).status_code == 410
    assert (await browser.post("/setup", FIELDS)).status_code == 410


async def test_each_field_says_what_is_wrong_and_keeps_the_rest(world: World) -> None:
    browser = world.browser()
    response = await browser.post(
        "/setup", {"token": TOKEN, "username": "root@example.org", "email": "nowhere", "password": "short"}
    )
    assert response.status_code == 422
    assert response.text.count('aria-invalid="true"') == 3
    assert 'value="root@example.org"' in response.text
    assert 'value="nowhere"' in response.text
    assert "short" not in response.text.replace("shorter", "")
    assert await User.all().count() == 0


async def test_of_several_at_once_one_becomes_the_administrator(world: World) -> None:
    browsers = [world.browser() for _ in range(5)]
    answers = await asyncio.gather(
        *(browser.post("/setup", {**FIELDS, "username": f"root{i}"}) for i, browser in enumerate(browsers))
    )
    assert [answer.status_code for answer in answers].count(303) == 1
    assert await User.filter(role=Role.ADMIN).count() == 1


async def test_tokens_cannot_be_tried_for_ever(world: World) -> None:
    browser = world.browser()
    codes = [(await browser.get(f"/setup?token=wrong{i}")).status_code for i in range(31)]
    assert codes[-1] == 429
