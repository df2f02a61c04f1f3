"""When too many passwords are worked on."""

import asyncio

from tests.people.conftest import SignedIn
from tests.world import World
from webapp.crypto.passwords import Passwords
from webapp.users.models import User


async def test_a_flood_of_new_passwords_is_turned_away_and_changes_nothing(world: World, signed_in: SignedIn) -> None:
    browser = await signed_in()
    ada = await world.person("ada")
    narrow = Passwords(max_concurrent=1, max_waiting=0)
    world.state["passwords"] = narrow
    try:
        path, fields = f"/users/{ada.id}/password", {"generate": "on"}
        answers = await asyncio.gather(*(browser.htmx_post(path, fields) for _ in range(6)))
    finally:
        narrow.close()
    refused = [answer for answer in answers if answer.status_code == 503]
    assert refused
    assert len(refused) + sum(answer.status_code == 200 for answer in answers) == 6
    assert all(int(answer.headers["Retry-After"]) > 0 for answer in refused)
    assert (await User.get(id=ada.id)).credentials_version == 1 + 6 - len(refused)
