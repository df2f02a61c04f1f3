"""Roles for which the policy wants a second factor."""

from tests.sessions.factors.having import with_app
from tests.world import PASSWORD, World
from webapp.policy.models import PolicyRow
from webapp.principal import Role


async def test_a_role_without_its_factor_reaches_nothing_but_setting_one_up(world: World) -> None:
    await PolicyRow.create(id=1, values={"factor_roles": "admin"}, updated_at=world.clock())
    await world.person("root", password=PASSWORD, role=Role.ADMIN)
    browser = await world.entered("root")
    for path in ("/", "/users", "/account", "/account/factorsx", "/mail-server"):
        answer = await browser.get(path)
        assert (answer.status_code, answer.headers.get("location")) in {(303, "/account/factors"), (404, None)}, path
    assert (await browser.get("/account/password")).status_code == 200
    page = await browser.get("/account/factors")
    assert page.status_code == 200
    assert "Your role needs a second factor" in page.text
    after, _, _ = await with_app(world, "root")
    assert (await after.get("/users")).status_code == 200


async def test_a_password_to_be_changed_comes_first(world: World) -> None:
    await PolicyRow.create(id=1, values={"factor_roles": "admin"}, updated_at=world.clock())
    await world.person("root", password=PASSWORD, role=Role.ADMIN, must_change=True)
    browser = await world.entered("root")
    assert (await browser.get("/account/factors")).headers["location"] == "/account/password"


async def test_other_roles_are_left_alone(world: World) -> None:
    await PolicyRow.create(id=1, values={"factor_roles": "admin"}, updated_at=world.clock())
    await world.person("alice", password=PASSWORD)
    assert (await (await world.entered("alice")).get("/account")).status_code == 200
