"""A dead or refusing mail server, and the limits, tell nothing of who has an account."""

from pathlib import Path

import pytest

from tests.abuse.answers import but_for_what_was_typed
from tests.ports import free_port
from tests.postal import post, use_server
from tests.smtp_server import smtp_server
from tests.world import World, a_world
from webapp.db.connect import Database


@pytest.mark.parametrize("state", ["none", "dead", "refusing"])
async def test_answers_are_the_same_whatever_the_mail_server_does(world: World, state: str) -> None:
    await world.person("known", email="known@example.org")
    async with smtp_server(refused={"known@example.org": "550 5.1.1 No such user"}) as server:
        if state == "dead":
            await use_server(world, None, host="127.0.0.1", port=str(free_port()))
        elif state == "refusing":
            await use_server(world, server)
        answers = set()
        for _ in range(3):
            for name in ("known", "never"):
                browser = world.browser()
                answers.add(
                    but_for_what_was_typed(browser, await browser.post("/password-reset", {"identifier": name}))
                )
            await post(world)
            world.clock.advance(minutes=2)
    assert len(answers) == 1


async def test_the_limit_bites_at_the_same_count_for_unknown_names(db: Database, tmp_path: Path) -> None:
    async with a_world(db, tmp_path, resets_per_network_per_hour=3) as world:
        await world.person("known", email="known@example.org")
        seen = {}
        for name, address in (("known", "192.0.2.1"), ("never", "192.0.2.2")):
            browsers = [world.browser(address=address) for _ in range(5)]
            seen[name] = [
                but_for_what_was_typed(each, await each.post("/password-reset", {"identifier": name}))
                for each in browsers
            ]
        assert [status for status, _, _ in seen["known"]] == [303, 303, 303, 429, 429]
        assert seen["known"] == seen["never"]
        # One /64 is one client.
        one = await world.browser(address="2001:db8::1").post("/password-reset", {"identifier": "never"})
        assert one.status_code == 303
        others = [
            await world.browser(address=f"2001:db8::{last}").post("/password-reset", {"identifier": "never"})
            for last in range(2, 5)
        ]
        assert [each.status_code for each in others] == [303, 303, 429]
