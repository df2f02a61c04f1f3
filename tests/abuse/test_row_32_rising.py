"""More rights are had with nothing that somebody with fewer has set up before."""

from tests.world import PASSWORD, Browser, World
from webapp.principal import Role
from webapp.sessions.models import Session
from webapp.users.models import User

GIVEN = "lantern meadow quartz 7"


async def rise(root: Browser, user: User, role: str = "admin") -> str:
    now = await User.get(id=user.id)
    fields = {"email": now.email or "", "display_name": now.display_name, "role": role, "version": str(now.version)}
    answer = await root.htmx_post(f"/users/{user.id}", fields, shown=f"/users/{user.id}")
    assert answer.status_code == 200, answer.text
    return answer.text


async def test_a_password_that_helpdesk_gave_opens_no_administrators_account(world: World) -> None:
    root = await world.admin()
    await world.person("desk", password=PASSWORD, role=Role.HELPDESK)
    hire = await world.person("hire", email="hire@example.org")
    desk = await world.entered("desk")
    assert (await desk.post(f"/users/{hire.id}/password", {"new_password": GIVEN})).status_code == 303
    assert "The password that staff had given no longer works" in await rise(root, hire)
    answer = await world.browser().post("/sign-in", {"identifier": "hire", "password": GIVEN})
    assert answer.status_code == 422
    now = await User.get(id=hire.id)
    assert (now.role, now.password_hash, now.must_change) == (Role.ADMIN, None, False)
    page = (await root.get(f"/users/{hire.id}")).text
    assert "Send an invitation" in page


async def test_a_session_from_before_is_no_administrators(world: World) -> None:
    root = await world.admin()
    hire = await world.person("hire", email="hire@example.org", password=PASSWORD)
    before = await world.entered("hire")
    text = await rise(root, hire, "helpdesk")
    assert "no longer works" not in text
    assert (await before.get("/users")).headers["location"].startswith("/sign-in")
    assert not await Session.filter(
        user_id=hire.id, credentials_version=(await User.get(id=hire.id)).credentials_version
    )
    # A password of one's own stays.
    await world.browser().sign_in("hire", PASSWORD)


async def test_whoever_falls_keeps_the_password_that_was_given(world: World) -> None:
    root = await world.admin()
    desk = await world.person("desk", email="desk@example.org", role=Role.HELPDESK)
    assert (await root.post(f"/users/{desk.id}/password", {"new_password": GIVEN})).status_code == 303
    await rise(root, desk, "user")
    await world.browser().sign_in("desk", GIVEN)
