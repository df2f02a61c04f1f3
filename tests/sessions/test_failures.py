"""Sign-ins that failed are on record, as many as are of use, and without what was typed."""

import asyncio
import json

import pytest

from tests.sessions.factors.having import give, password_given, with_app
from tests.sessions.trying import WRONG, attempt, lock_out_after
from tests.world import PASSWORD, World
from webapp.audit.models import AuditEntry
from webapp.crypto.throttle import Limit
from webapp.sessions import failures
from webapp.users.models import User


async def recorded() -> list[tuple[str, str, str]]:
    """Action, subject and reason of each failure on record."""
    found = await AuditEntry.filter(action__in=["session:refused", "session:unknown"]).order_by("id")
    return [(each.action, each.subject, each.details.get("why", "")) for each in found]


async def test_what_was_wrong_is_on_record_and_nothing_that_was_typed(world: World) -> None:
    await world.person("alice", email="alice@example.org", password=PASSWORD)
    await world.person("bob", password=PASSWORD)
    await User.filter(username="bob").update(state="disabled")
    browser = world.browser(address="198.51.100.7")
    await attempt(browser, "alice@example.org")
    await attempt(browser, "bob", PASSWORD)
    await attempt(browser, "my secret typed into the wrong field")
    assert await recorded() == [
        ("session:refused", "alice", "password"),
        ("session:refused", "bob", "shut"),
        ("session:unknown", "", ""),
    ]
    everything = json.dumps(await AuditEntry.all().values(), default=str)
    assert WRONG not in everything
    assert "wrong field" not in everything
    entries = await AuditEntry.filter(action__startswith="session:")
    assert {each.network for each in entries} == {"198.51.100.7"}
    assert {each.actor_id for each in entries} == {None}
    admin = await world.admin()
    page = (await admin.get("/audit")).text
    assert "could not sign in as" in page
    assert "Nothing, but the account is shut" in page


async def test_a_confirmation_that_failed_is_on_record(world: World) -> None:
    admin = await world.admin()
    await admin.htmx_post("/re-authentication", {"password": WRONG})
    assert await recorded() == [("session:refused", "root", "confirmation")]


async def test_a_wrong_second_factor_is_on_record(world: World) -> None:
    await world.person("alice", password=PASSWORD)
    await with_app(world, "alice")
    browser = await password_given(world, "alice")
    assert (await give(browser, "000000")).status_code == 422
    assert await recorded() == [("session:refused", "alice", "factor")]


@pytest.mark.parametrize("name", ["alice", "nobody"])
async def test_of_one_name_ten_an_hour_are_kept_whether_it_is_anybodys_or_not(world: World, name: str) -> None:
    await lock_out_after(world, 100)
    await world.person("alice", password=PASSWORD)
    browsers = [world.browser(address=f"198.51.100.{number}") for number in range(16)]
    await asyncio.gather(*(attempt(browser, name) for browser in browsers))
    assert len(await recorded()) == failures.PER_NAME.limit
    world.clock.advance(hours=1)
    await attempt(browsers[0], name)
    assert len(await recorded()) == failures.PER_NAME.limit + 1


@pytest.mark.parametrize("limit", [failures.PER_NETWORK, failures.OVERALL])
async def test_one_network_and_all_together_fill_only_so_much(world: World, limit: Limit) -> None:
    subject = "198.51.100.7" if limit is failures.PER_NETWORK else ""
    await world.state["throttle"].count(limit, subject, limit.limit - 1)
    for number in range(3):
        await attempt(world.browser(address="198.51.100.7"), f"name{number}")
    assert len(await recorded()) == 1
