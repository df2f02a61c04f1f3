"""Letters about a person who is gone, or who may not enter any more when the letter is to be written."""

from datetime import UTC, datetime
from typing import Any

import pytest

from tests.world import PASSWORD, World
from webapp.crew import letter_kinds
from webapp.outbox.kind import Lost
from webapp.outbox.models import Letter
from webapp.users.models import User

OF_NOBODY = {"sample", "help_asked", "account_frozen"}
"""Kinds for administrators, who are told what the order says."""
WITH_LINK = ("reset_link", "invitation")
SOME_TIME: datetime = datetime(2026, 1, 1, tzinfo=UTC)


async def written(world: World, kind: str, user: User | None) -> object:
    """What becomes of a letter of this kind."""
    letter = await Letter.create(
        kind=kind,
        user_id=user.id if user else None,
        recipient="alice@example.org",
        language="en",
        params={},
        recovery_version=user.recovery_version if user else 1,
        created_at=world.clock(),
        due_at=world.clock(),
    )
    return await letter_kinds(world.kit)[kind].write(letter)


async def test_no_letter_is_about_nobody(world: World) -> None:
    kinds = set(letter_kinds(world.kit)) - OF_NOBODY
    assert {kind: await written(world, kind, None) for kind in kinds} == dict.fromkeys(kinds, Lost("no_such_account"))


@pytest.mark.parametrize("kind", WITH_LINK)
@pytest.mark.parametrize(
    ("what", "reason"),
    [
        ({"state": "disabled"}, "account_disabled"),
        ({"frozen_at": SOME_TIME}, "account_frozen"),
        ({"deleted_at": SOME_TIME}, "account_deleted"),
        ({"recovery_version": 99}, "link_replaced"),
    ],
)
async def test_no_link_goes_to_somebody_who_may_not_use_it(
    world: World, kind: str, what: dict[str, Any], reason: str
) -> None:
    alice = await world.person("alice", email="alice@example.org", password=PASSWORD)
    await User.filter(id=alice.id).update(**what)
    assert await written(world, kind, alice) == Lost(reason)
