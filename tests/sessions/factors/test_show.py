"""A code raced by many, below all throttles."""

import asyncio

from tests.sessions.factors.having import with_app
from tests.world import PASSWORD, World
from webapp.sessions.factors.show import again


async def test_fifty_at_once_use_a_code_up_once(world: World) -> None:
    alice = await world.person("alice", password=PASSWORD)
    _, phone, codes = await with_app(world, "alice")
    for code in (phone.code(), codes[0]):
        tried = (again(alice.id, code, network="", vault=world.kit.vault, now=world.clock()) for _ in range(50))
        assert sum(await asyncio.gather(*tried)) == 1
