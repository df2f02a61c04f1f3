"""Strangers who fail on purpose lock nobody out: the owner gets in from a known browser, by a link, and with help."""

from tests.postal import NEW_PASSWORD, open_link, set_password, the_link, use_server
from tests.sessions.trying import attempt, lock_everywhere, lock_out_after, statuses
from tests.smtp_server import smtp_server
from tests.world import PASSWORD, World
from webapp.crypto.throttle import Limit


async def test_the_owner_gets_in_from_a_known_browser(world: World) -> None:
    await lock_out_after(world, 3)
    await world.person("alice", password=PASSWORD)
    owner = world.browser(address="198.51.100.1")
    await owner.sign_in("alice", PASSWORD)
    await owner.post("/sign-out")
    await lock_everywhere(world, "alice")
    assert (await attempt(world.browser(address="192.0.2.1"), "alice", PASSWORD)).status_code == 429
    await owner.sign_in("alice", PASSWORD)


async def test_a_stranger_in_the_owners_own_network_locks_nobody_out(world: World) -> None:
    await lock_out_after(world, 3)
    await world.person("alice", password=PASSWORD)
    owner = world.browser(address="198.51.100.1")
    await owner.sign_in("alice", PASSWORD)
    for number in range(40):
        await attempt(world.browser(address="198.51.100.1"), f"name{number % 20}")
    assert await statuses(world, "alice", 1) == [429]
    await owner.sign_in("alice", PASSWORD)


async def test_a_known_browser_may_not_try_without_end_either(world: World) -> None:
    await lock_out_after(world, 3)
    await world.person("alice", password=PASSWORD)
    owner = world.browser(address="198.51.100.1")
    await owner.sign_in("alice", PASSWORD)
    await owner.post("/sign-out")
    assert [(await attempt(owner, "alice")).status_code for _ in range(4)] == [422] * 3 + [429]
    # It is known to its owner, and a stranger to everybody else.
    await world.person("bob", password=PASSWORD)
    await lock_everywhere(world, "bob")
    assert (await attempt(owner, "bob", PASSWORD)).status_code == 429


async def test_the_owner_gets_in_by_a_link_and_stays_able_to_while_it_goes_on(world: World) -> None:
    await lock_out_after(world, 3)
    await world.person("alice", email="alice@example.org", password=PASSWORD)
    await lock_everywhere(world, "alice")
    async with smtp_server() as server:
        await use_server(world, server)
        owner = world.browser(address="192.0.2.1")
        assert await set_password(owner, await open_link(owner, await the_link(world, server, "alice"))) == 303
    # In another browser as well: nobody has to wait any more.
    await world.browser(address="192.0.2.77").sign_in("alice", NEW_PASSWORD)
    await lock_everywhere(world, "alice")
    await owner.sign_in("alice", NEW_PASSWORD)


async def test_a_flood_of_failures_everywhere_slows_strangers_and_no_known_browser(world: World) -> None:
    await world.person("alice", password=PASSWORD)
    owner = world.browser()
    await owner.sign_in("alice", PASSWORD)
    overall = Limit("sign-in-overall", world.kit.settings.sign_ins_per_minute, 60)
    await world.state["throttle"].count(overall, "all", overall.limit)
    answer = await attempt(world.browser(address="192.0.2.1"), "alice", PASSWORD)
    assert answer.status_code == 429
    assert int(answer.headers["retry-after"]) <= 60
    await owner.sign_in("alice", PASSWORD)
    world.clock.advance(seconds=60)
    await world.browser(address="192.0.2.1").sign_in("alice", PASSWORD)


async def test_nobody_signed_in_is_disturbed(world: World) -> None:
    await lock_out_after(world, 3)
    admin = await world.admin()
    await lock_everywhere(world, "root")
    assert (await admin.get("/users")).status_code == 200
    world.clock.advance(minutes=11)
    assert (await admin.htmx_post("/re-authentication", {"password": PASSWORD})).status_code == 204


async def test_the_keys_of_the_counters_hide_names_and_networks(world: World) -> None:
    throttle = world.state["throttle"]
    limit = Limit("sign-in-failures", 3, 900)
    key = throttle.key_of(limit, "name alice", "network 198.51.100.1")
    assert "alice" not in key
    assert "198.51" not in key
    assert key.startswith(throttle.key_of(limit, "name alice") + ":")
