"""The mark on an address that takes no mail."""

from tests.world import World
from webapp.audit.record import Actor
from webapp.principal import Role
from webapp.users.authority import reach
from webapp.users.change_state import OutOfReach
from webapp.users.models import User
from webapp.users.refusal import Reachable, mark_reachable, mark_undeliverable


async def test_the_mark_is_on_the_address_that_was_refused_and_no_other(world: World) -> None:
    alice = await world.person("alice", email="alice@example.org")
    assert not await mark_undeliverable(alice.id, "old@example.org", said="550", now=world.clock())
    assert await mark_undeliverable(alice.id, "alice@example.org", said="x" * 2_000, now=world.clock())
    now = await User.get(id=alice.id)
    assert (now.email_refused_at, len(now.email_refusal)) == (world.clock(), 1_000)


async def test_it_is_taken_away_within_reach_alone(world: World) -> None:
    root = await world.person("root", role=Role.ADMIN, email="root@example.org")
    await mark_undeliverable(root.id, "root@example.org", said="550", now=world.clock())
    actor = Actor("desk", 7)
    within = reach(Role.HELPDESK)
    assert await mark_reachable(root.id, actor=actor, now=world.clock(), reach=within) == OutOfReach()
    assert await mark_reachable(999, actor=actor, now=world.clock()) == OutOfReach()
    assert (await User.get(id=root.id)).email_refused_at is not None
    assert await mark_reachable(root.id, actor=actor, now=world.clock()) == Reachable()
    assert (await User.get(id=root.id)).email_refused_at is None
