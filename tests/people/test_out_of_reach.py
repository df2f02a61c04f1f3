"""Somebody who has risen out of helpdesk's reach between the look at them and the deed."""

from collections.abc import Awaitable, Callable, Mapping

import pytest

from tests.people.conftest import SignedIn
from tests.world import World
from webapp.audit.models import AuditEntry
from webapp.audit.record import Actor
from webapp.crypto.passwords import generate_password
from webapp.people import endpoints
from webapp.principal import Role
from webapp.recovery.handoffs.make import NewHandoff, OutOfReach, cancel_handoff, make_handoff
from webapp.sessions.factors.held import clear
from webapp.sessions.lock_out import Limits, LockOut
from webapp.sessions.unlock import unlock
from webapp.users import change_state, deletion
from webapp.users.authority import reach
from webapp.users.find import by_id
from webapp.users.models import User
from webapp.users.refusal import mark_reachable

BY = Actor("desk", 10_000)
WITHIN = reach(Role.HELPDESK)


async def test_nothing_is_done_to_them(world: World) -> None:
    boss = await world.person("boss", email="boss@example.org", role=Role.AUDITOR)
    now = world.clock()
    form = NewHandoff(verified_how="by voice")
    lock_out = LockOut(
        world.state["throttle"], Limits.of(await world.kit.policy(), per_network_per_minute=100, per_minute=100)
    )
    for each in (change_state.disable, change_state.enable, change_state.thaw):
        assert isinstance(await each(boss.id, actor=BY, now=now, reach=WITHIN), change_state.OutOfReach), each
    for change in (change_state.require_change, change_state.waive_change):
        assert isinstance(await change(boss.id, actor=BY, now=now, reach=WITHIN), change_state.OutOfReach), change
    for end in (deletion.delete, deletion.restore):
        assert isinstance(await end(boss.id, actor=BY, now=now, reach=WITHIN), change_state.OutOfReach), end
    made = await make_handoff(
        boss.id, form, links=world.kit.links, vault=world.kit.vault, actor=BY, now=now, language="en", reach=WITHIN
    )
    assert isinstance(made, OutOfReach)
    assert isinstance(await cancel_handoff(boss.id, actor=BY, now=now, reach=WITHIN), OutOfReach)
    assert await clear(boss.id, actor=BY, now=now, reach=WITHIN) is None
    assert isinstance(
        await unlock(boss.id, lock_out=lock_out, actor=BY, now=now, reach=WITHIN), change_state.OutOfReach
    )
    assert isinstance(await mark_reachable(boss.id, actor=BY, now=now, reach=WITHIN), change_state.OutOfReach)
    assert await AuditEntry.filter(actor="desk").count() == 0
    assert (await User.get(id=boss.id)).version == boss.version


FORMS: Mapping[str, Mapping[str, str]] = {
    "": {"email": "ada@example.org", "version": "1"},
    "/password": {"new_password": generate_password(minimum=15, forbidden=(), words=())},
    "/handoff": {"action": "make", "verified_how": "by voice"},
    "/factors": {"confirmed": "on"},
    "/state": {"state": "disabled"},
}


@pytest.mark.parametrize("form", FORMS)
async def test_the_attempt_is_refused_and_recorded(
    world: World, signed_in: SignedIn, monkeypatch: pytest.MonkeyPatch, form: str
) -> None:
    desk = await signed_in("desk", Role.HELPDESK)
    ada = await world.person("ada", email="ada@example.org")
    seen: Callable[[int], Awaitable[User | None]] = by_id

    async def then_risen(user_id: int) -> User | None:
        found = await seen(user_id)
        await User.filter(id=user_id).update(role=Role.ADMIN)
        return found

    monkeypatch.setattr(endpoints, "by_id", then_risen)
    answer = await desk.post(f"/users/{ada.id}{form}", FORMS[form])
    assert answer.status_code == 403, answer.text
    assert "Helpdesk reaches people with the role User only." in answer.text
    assert await AuditEntry.filter(action="user:out_of_reach", actor="desk", subject="ada").count() == 1
    now = await User.get(id=ada.id)
    assert (now.password_hash, now.state, now.version) == (ada.password_hash, ada.state, ada.version)
