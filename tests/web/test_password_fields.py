"""Fields for passwords: masked, told apart for password managers, and open to pasting."""

import re

import pytest

from tests.world import World
from webapp.outbox.models import Letter
from webapp.recovery.reset_link import mint

PAGES = {
    "/setup?token=" + "t" * 24: 1,
    "/sign-in": 1,
    "/account/password": 2,
    "/password-reset/new": 1,
    "/users/new": 1,
}


@pytest.mark.parametrize("path", PAGES)
async def test_passwords_are_masked_and_managers_know_them(world: World, path: str) -> None:
    browser = world.browser()
    if not path.startswith("/setup"):
        ada = await world.person("ada", email="ada@example.org")
        letter = await Letter.create(
            kind="reset_link", user_id=ada.id, recipient="a@example.org", language="en",
            created_at=world.clock(), due_at=world.clock(),
        )  # fmt: skip
        token = mint(world.kit.links, user_id=ada.id, recovery_version=1, letter_id=letter.id)
        browser = await world.admin() if path.startswith(("/account", "/users")) else browser
        await browser.get(f"/password-reset/{token}")
    page = (await browser.get(path)).text
    fields = re.findall(r'<input[^>]*name="[a-z_]*password"[^>]*>', page)
    assert len(fields) == PAGES[path], page
    for field in fields:
        assert 'type="password"' in field
        assert re.search(r'autocomplete="(current|new)-password"', field), field
        assert "maxlength" not in field
    assert "onpaste" not in page
