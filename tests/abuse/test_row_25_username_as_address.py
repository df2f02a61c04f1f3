"""A username that is somebody's address would be somebody else's way in: it is refused, however it is written."""

from tests.served import Served
from webapp.users.find import by_identifier
from webapp.users.models import User

ADDRESSES = (
    "ada@example.org",
    "ADA@example.org",
    "ada＠example.org",
    "ada﹫example.org",
    " ada@example.org",
    "@ada",
    "ada@",
)


async def test_nobody_is_called_by_an_address(site: Served) -> None:
    root = await site.signed_in()
    ada = await site.world.person("ada", email="ada@example.org")
    for name in ADDRESSES:
        fields = {"username": name, "email": "eve@example.org", "display_name": "", "role": "user"}
        refused = await root.post("/users", fields)
        assert refused.status_code == 422, name
        assert 'aria-invalid="true"' in refused.text
    assert await User.all().count() == 2
    found = await by_identifier("ada@example.org")
    assert found is not None
    assert found.id == ada.id


async def test_neither_is_the_first_administrator(site: Served) -> None:
    fields = {"token": "t" * 24, "username": "ada@example.org", "email": "", "password": "correct horse battery 1"}
    refused = await site.browser().post("/setup", fields)
    assert refused.status_code == 422
    assert not await User.exists()


async def test_what_looks_like_a_username_is_never_looked_up_as_an_address(site: Served) -> None:
    await site.world.person("ada", email="bob@example.org")
    bob = await site.world.person("bob", email="ada@example.org")
    assert (await by_identifier("bob")) == bob
    found = await by_identifier("bob@example.org")
    assert found is not None
    assert found.username == "ada"
