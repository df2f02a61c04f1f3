"""The reset form is no mail bomb, and its ceilings lock nobody out."""

from pathlib import Path

from tests.postal import ask, link_in, open_link, post, set_password, use_server
from tests.smtp_server import smtp_server
from tests.world import PASSWORD, World, a_world
from webapp.audit.record import Actor
from webapp.db.connect import Database
from webapp.outbox.enqueue import Order, enqueue
from webapp.outbox.models import Letter, LetterState
from webapp.recovery.models import RecoveryRequest, RequestOutcome
from webapp.recovery.send_link import send_reset_link
from webapp.users.models import User


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


async def test_one_network_gets_its_share_and_the_others_theirs(db: Database, tmp_path: Path) -> None:
    async with a_world(db, tmp_path, resets_per_network_per_hour=5) as world, smtp_server() as server:
        await use_server(world, server)
        for number in range(8):
            await world.person(f"user{number}", email=f"user{number}@example.org")
        # Every address of an IPv6 /64 is the same network, and a name that nobody has counts like any other.
        for names, addresses in (
            (["user0", "user1", "nobody", "nowhere", "user2"], ["192.0.2.7"] * 5),
            (["user3", "user4", "nobody", "nowhere", "user5"], [f"2001:db8::{number}" for number in range(5)]),
        ):
            for name, address in zip(names, addresses, strict=True):
                await ask(world, name, address=address)
            for name in ("user6", "nobody"):
                refused = await world.browser(address=addresses[0]).post("/password-reset", {"identifier": name})
                assert refused.status_code == 429
        await ask(world, "user7", address="192.0.2.8")
        await post(world)
        assert sorted(each.recipients[0][4] for each in server.letters) == ["0", "1", "2", "3", "4", "5", "7"]
        world.clock.advance(hours=1, minutes=1)
        await ask(world, "user6", address="192.0.2.7")
        await post(world)
        assert len(server.letters) == 8


async def test_over_all_no_more_letters_go_out_than_allowed_and_none_is_lost(db: Database, tmp_path: Path) -> None:
    async with a_world(db, tmp_path, letters_per_hour=10) as world, smtp_server() as server:
        await use_server(world, server)
        for number in range(25):
            await world.person(f"user{number}", email=f"user{number}@example.org")
            await ask(world, f"user{number}", address=f"192.0.2.{number}")
        for expected in (10, 20, 25):
            for _ in range(3):
                await post(world)
            assert len(server.letters) == expected
            world.clock.advance(hours=1, minutes=1)
    assert not await Letter.exclude(state=LetterState.ACCEPTED).exists()


async def test_neither_reset_letters_nor_notices_use_up_the_others_ceiling(world: World) -> None:
    person = await world.person("alice", email="alice@example.org")
    notice = Order(kind="password_changed", recipient="alice@example.org", language="en", user_id=person.id)
    async with smtp_server() as server:
        await use_server(world, server)
        for _ in range(8):
            await enqueue(notice, now=world.clock())
        await post(world)
        assert len(server.letters) == 5
        for _ in range(8):
            await ask(world, "alice")
            await post(world)
            world.clock.advance(seconds=61)
        assert len(server.letters) == 5 + 5
        world.clock.advance(hours=1)
        for _ in range(8):
            await ask(world, "alice")
            await post(world)
            world.clock.advance(seconds=61)
        await enqueue(notice, now=world.clock())
        await post(world)
        assert "was changed" in str(server.letters[-1].message["Subject"])


async def test_what_a_thief_only_asks_for_does_not_drown_the_notice_of_what_they_did(world: World) -> None:
    await world.person("alice", email="alice@example.org", password=PASSWORD)
    thief = await world.entered("alice")
    async with smtp_server() as server:
        await use_server(world, server)
        for number in range(6):
            fields = {"email": f"thief{number}@example.com", "current_password": PASSWORD}
            await thief.post("/account/email", fields)
            await post(world)
            world.clock.advance(seconds=61)
        asked = Letter.filter(recipient="alice@example.org", kind="address_asked")
        assert await asked.filter(state=LetterState.ACCEPTED).count() == 5
        fields = {"current_password": PASSWORD, "new_password": "nine purple lanterns humming"}
        assert (await thief.post("/account/password", fields)).status_code == 303
        await post(world)
        assert "was changed" in str(server.letters[-1].message["Subject"])
        assert server.letters[-1].recipients == ["alice@example.org"]


async def test_links_that_work_no_more_do_not_hold_the_next_letter_back(world: World) -> None:
    root = await world.admin()
    person = await world.person("alice", email="old@example.org")
    async with smtp_server() as server:
        await use_server(world, server)
        for number in range(5):
            await ask(world, "alice", address=f"192.0.2.{number}")
            await post(world)
            world.clock.advance(seconds=90)
        fields = {"email": "alice@example.org", "version": str((await User.get(id=person.id)).version)}
        assert (await root.post(f"/users/{person.id}", fields)).status_code == 303
        await ask(world, "alice", address="203.0.113.7")
        await post(world)
        assert "alice@example.org" in server.letters[-1].recipients
        assert await RecoveryRequest.filter(outcome=RequestOutcome.OVER_CEILING).count() == 0
