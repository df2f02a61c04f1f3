"""The policy as it is kept: what was saved, and above it what the environment fixes."""

from datetime import timedelta

from tests.fakes import FakeClock
from webapp.db.connect import Database
from webapp.policy.models import PolicyRow
from webapp.policy.stored import EVERY, KnownPolicy, policy_of, stored, values_of
from webapp.principal import Role
from webapp.security_policy import DEFAULTS, Policy


def test_a_policy_is_the_same_after_it_was_written_and_read() -> None:
    policy = Policy(
        minimum_length=20,
        forbidden_words=("acme", "hall"),
        factor_roles=frozenset({Role.ADMIN, Role.HELPDESK}),
        staff_set_passwords=False,
    )
    assert policy_of(values_of(policy)) == policy
    assert policy_of(values_of(DEFAULTS)) == DEFAULTS


async def test_without_a_row_there_are_the_defaults(db: Database) -> None:
    assert (await stored({})).policy == DEFAULTS
    assert (await stored({})).version == 0


async def test_what_the_environment_fixes_wins(db: Database) -> None:
    clock = FakeClock()
    await PolicyRow.create(id=1, values={"link_minutes": "45", "minimum_length": "20"}, updated_at=clock())
    known = KnownPolicy(clock, {"link_minutes": "10"})
    assert (await known()).link_minutes == 10
    assert (await known()).minimum_length == 20


async def test_what_another_process_saves_is_known_within_two_seconds(db: Database) -> None:
    clock = FakeClock()
    known = KnownPolicy(clock, {})
    assert (await known()).minimum_length == 15
    await PolicyRow.create(id=1, values={"minimum_length": "20"}, updated_at=clock())
    assert (await known()).minimum_length == 15
    clock.advance(seconds=EVERY / timedelta(seconds=1))
    assert (await known()).minimum_length == 20
    await PolicyRow.all().update(values={"minimum_length": "30"})
    known.forget()
    assert (await known()).minimum_length == 30
