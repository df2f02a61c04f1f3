"""A token of one purpose opens nothing that is for another: every one of them at every door."""

import pytest

from tests.world import World
from webapp.crypto.links import Purpose
from webapp.outbox.models import Letter
from webapp.users.models import User

DOORS = {
    Purpose.RESET: ("/password-reset/", "postern_reset", "/password-reset/new"),
    Purpose.INVITATION: ("/invitations/", "postern_invitation", "/invitations/new"),
    Purpose.NOT_ME: ("/not-me/", "", ""),
    Purpose.RECEIVED: ("/received/", "", ""),
}


@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize("purpose", list(Purpose))
async def test_a_token_opens_its_own_door_alone(world: World, door: Purpose, purpose: Purpose) -> None:
    ada = await world.person("ada", email="ada@example.org")
    now = world.clock()
    letter = await Letter.create(
        kind="password_changed", user_id=ada.id, recipient="ada@example.org", language="en", created_at=now, due_at=now
    )
    # Whatever any of them asks for.
    payload = {"u": ada.id, "v": ada.recovery_version, "l": letter.id, "letter": "x" * 32}
    token = world.kit.links.mint(purpose, payload)
    path, cookie, form = DOORS[door]
    browser = world.browser()
    response = await browser.get(f"{path}{token}")
    if purpose is door:
        assert response.status_code in {200, 303}
        return
    assert response.status_code == 410
    assert "set-cookie" not in response.headers
    if cookie:
        browser.client.cookies.set(cookie, token, path=path.rstrip("/"))
        assert (await browser.get(form)).status_code == 410
        fields = {"new_password": "nine purple lanterns humming", "link": world.kit.links.fingerprint(token)}
        assert (await browser.post(form, fields)).status_code == 410
    else:
        assert (await browser.post(f"{path}{token}")).status_code == 410
    after = await User.get(id=ada.id)
    assert (after.frozen_at, after.password_hash, after.recovery_version) == (None, None, ada.recovery_version)


@pytest.mark.parametrize("payload", [{}, {"u": 1}, {"u": "1", "l": 1}, {"u": 1, "l": "1"}, {"u": 2**62, "l": 1}])
async def test_a_not_me_token_that_says_something_else_opens_nothing(
    world: World, payload: dict[str, int | str]
) -> None:
    token = world.kit.links.mint(Purpose.NOT_ME, payload)
    assert (await world.browser().get(f"/not-me/{token}")).status_code == 410
    assert (await world.browser().post(f"/not-me/{token}")).status_code == 410
