"""Look-alikes and case-folding twins: no letter for another account, and mail goes to the stored address only."""

import pytest

from tests.postal import post, use_server
from tests.smtp_server import smtp_server
from tests.world import World


@pytest.mark.parametrize(
    "typed",
    ["mıke@example.org", "mikе@example.org", "mike@exаmple.org", "mike@example.org.evil.example", "mıke", "mikе"],
)
async def test_a_look_alike_gets_no_letter(world: World, typed: str) -> None:
    await world.person("mike", email="mike@example.org")
    async with smtp_server() as server:
        await use_server(world, server)
        await world.browser().post("/password-reset", {"identifier": typed})
        await post(world)
        assert server.letters == []


@pytest.mark.parametrize("typed", ["MIKE@EXAMPLE.ORG", "ｍｉｋｅ@example.org", "Mike@Example.Org", "ＭIKE", "miKe"])
async def test_mail_goes_to_the_stored_address_however_it_was_typed(world: World, typed: str) -> None:
    await world.person("mike", email="mike@example.org")
    async with smtp_server() as server:
        await use_server(world, server)
        await world.browser().post("/password-reset", {"identifier": typed})
        await post(world)
        assert [each.recipients for each in server.letters] in ([], [["mike@example.org"]])
        assert all(each.message["To"] == "mike@example.org" for each in server.letters)
