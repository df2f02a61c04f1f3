"""The reset form is no mail bomb, and its ceilings lock nobody out."""

from tests.postal import ask, link_in, open_link, post, set_password, use_server
from tests.smtp_server import smtp_server
from tests.world import World
from webapp.audit.record import Actor
from webapp.recovery.models import RecoveryRequest, RequestOutcome
from webapp.recovery.send_link import send_reset_link


async def test_a_person_gets_a_bounded_number_of_letters_and_still_gets_in(world: World) -> None:
    person = await world.person("alice", email="alice@example.org")
    async with smtp_server() as server:
        await use_server(world, server)
        for number in range(20):
            await ask(world, "alice" if number % 2 else "alice@example.org", address=f"192.0.2.{number}")
            await post(world)
            world.clock.advance(seconds=90)
        assert len(server.letters) == 5
        assert await RecoveryRequest.filter(outcome=RequestOutcome.OVER_CEILING).count() == 15
        # The owner still has a good link, an administrator can send another, and the notice arrives.
        await send_reset_link(person.id, actor=Actor("root"), now=world.clock(), language="en")
        await post(world)
        assert len(server.letters) == 6
        browser = world.browser()
        assert await set_password(browser, await open_link(browser, link_in(server.letters[-1]))) == 303
        await post(world)
        assert "was changed" in str(server.letters[-1].message["Subject"])
        world.clock.advance(hours=1)
        await ask(world, "alice")
        await post(world)
        assert len(server.letters) == 8


async def test_an_administrators_letters_do_not_use_up_the_ceiling(world: World) -> None:
    root = await world.person("root", email="root@example.org")
    person = await world.person("alice", email="alice@example.org")
    async with smtp_server() as server:
        await use_server(world, server)
        for _ in range(6):
            await send_reset_link(person.id, actor=Actor("root", root.id), now=world.clock(), language="en")
            await post(world)
        await ask(world, "alice")
        await post(world)
        assert len(server.letters) == 7


async def test_the_owner_gets_a_link_once_those_a_stranger_asked_for_have_expired(world: World) -> None:
    await world.person("alice", email="alice@example.org")
    async with smtp_server() as server:
        await use_server(world, server)
        for _ in range(6):
            await ask(world, "alice")
            await post(world)
            world.clock.advance(seconds=61)
        assert len(server.letters) == 5
        world.clock.advance(minutes=30)
        await ask(world, "alice")
        await post(world)
        assert len(server.letters) == 6
