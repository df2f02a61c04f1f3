"""In whose name a job is done, and what becomes of it when they may no longer do it."""

import asyncio
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.people.conftest import SignedIn
from tests.people.test_bulk import begin
from tests.people.test_imports import apply, upload, work
from tests.sessions.factors.having import with_app
from tests.world import PASSWORD, Browser, World, hash_of
from webapp.audit.models import AuditEntry
from webapp.crew import create_job_worker, create_retention
from webapp.jobs.models import Job, JobRow, JobState
from webapp.people.imports.apply import BATCH
from webapp.principal import Role
from webapp.users.models import User, UserState

TWO_BATCHES = b"username,role\n" + b"".join(b"person%d,helpdesk\n" % number for number in range(BATCH + 1))
SOME_TIME = datetime(2026, 1, 1, tzinfo=UTC)
GONE: dict[str, dict[str, Any]] = {
    "disabled": {"state": "disabled"},
    "frozen": {"frozen_at": SOME_TIME},
    "deleted": {"deleted_at": SOME_TIME},
    "demoted": {"role": "helpdesk"},
    "with another password": {"credentials_version": 2},
    "to change the password": {"must_change": True},
}


async def one_batch(world: World) -> None:
    """As a worker that is told to stop: it commits what it is at."""
    stop = asyncio.Event()
    stop.set()
    assert await create_job_worker(world.kit, lambda: None).once(stop)


async def act(browser: Browser, job: Job, action: str) -> int:
    return (await browser.post(f"/users/jobs/{job.id}", {"action": action})).status_code


async def test_whoever_applies_an_import_is_on_record_for_it(world: World, signed_in: SignedIn) -> None:
    anna, bert = await signed_in("anna"), await signed_in("bert")
    job = await upload(anna, b"username,role\neve,admin\n")
    await work(world)
    await apply(bert, job)
    await work(world)
    created = await AuditEntry.get(action="user:created", subject="eve")
    assert (created.actor, created.actor_id) == ("bert", (await User.get(username="bert")).id)
    imported = await AuditEntry.get(action="people:imported")
    assert (imported.actor, imported.details["begun_by"]) == ("bert", "anna")


async def test_of_two_who_apply_one_does_it(world: World, signed_in: SignedIn) -> None:
    anna, bert = await signed_in("anna"), await signed_in("bert")
    job = await upload(anna, b"username\neve\n")
    await work(world)
    assert sorted(await asyncio.gather(act(anna, job, "apply"), act(bert, job, "apply"))) == [303, 409]


@pytest.mark.parametrize("how", GONE)
async def test_an_import_halts_when_whoever_applied_it_may_no_longer(
    world: World, signed_in: SignedIn, how: str
) -> None:
    anna, bert = await signed_in("anna"), await signed_in("bert")
    job = await upload(anna, TWO_BATCHES)
    await work(world)
    await apply(anna, job)
    await one_batch(world)
    await User.filter(username="anna").update(**GONE[how])
    await work(world)
    half = await Job.get(id=job.id)
    assert (half.state, half.done) == (JobState.HALTED, BATCH)
    assert not await User.filter(username=f"person{BATCH}").exists()
    assert "anna may not do this any more." in (await bert.get(f"/users/jobs/{job.id}")).text
    rows = (await bert.get(f"/users/jobs/{job.id}/report")).text.splitlines()[1:]
    assert [row.split(",")[3] for row in rows] == ["new"] * BATCH + ["not done"] * (len(rows) - BATCH)
    assert await act(bert, job, "discard") == 303
    assert await act(bert, job, "apply") == 303
    await work(world)
    assert (await Job.get(id=job.id)).state is JobState.DONE
    actors = dict(await AuditEntry.filter(action="user:created").values_list("subject", "actor"))
    assert (actors[f"person{BATCH - 1}"], actors[f"person{BATCH}"]) == ("anna", "bert")


async def test_a_change_of_many_halts_and_can_be_stopped_or_go_on(world: World, signed_in: SignedIn) -> None:
    anna, bert = await signed_in("anna"), await signed_in("bert")
    people = [await world.person(f"person{number}") for number in range(3)]
    jobs = [await begin(anna, action="disable", id=str(person.id)) for person in people[:2]]
    await User.filter(username="anna").update(state="disabled")
    await work(world)
    assert not await User.filter(state="disabled", username__startswith="person").exists()
    assert await act(bert, jobs[0], "stop") == 303
    assert (await Job.get(id=jobs[0].id)).state is JobState.STOPPED
    assert await act(bert, jobs[0], "apply") == 409
    assert await act(bert, jobs[1], "apply") == 303
    await work(world)
    assert (await AuditEntry.get(action="user:disabled", subject="person1")).actor == "bert"
    assert (await AuditEntry.get(action="people:changed")).details["begun_by"] == "anna"
    assert await User.filter(state="disabled", username__startswith="person").count() == 1


async def test_a_change_of_many_halts_with_another_password_as_well(world: World, signed_in: SignedIn) -> None:
    anna = await signed_in("anna")
    person = await world.person("person0")
    job = await begin(anna, action="disable", id=str(person.id))
    await User.filter(username="anna").update(password_hash=await hash_of(PASSWORD))
    new = {"current_password": PASSWORD, "new_password": "violet harbour seven lanterns"}
    assert (await anna.post("/account/password", new)).status_code == 303
    await work(world)
    assert (await Job.get(id=job.id)).state is JobState.HALTED
    assert await act(anna, job, "apply") == 303
    await work(world)
    assert (await User.get(id=person.id)).state is UserState.DISABLED


async def test_a_halted_import_that_is_stopped_keeps_nothing_of_its_file(world: World, signed_in: SignedIn) -> None:
    anna, bert = await signed_in("anna"), await signed_in("bert")
    job = await upload(anna, b"username\neve\n")
    await work(world)
    await apply(anna, job)
    await User.filter(username="anna").update(state="disabled")
    await work(world)
    assert await JobRow.exclude(data="").exists()
    await act(bert, job, "stop")
    assert not await JobRow.exclude(data="").exists()
    assert not await User.filter(username="eve").exists()


async def test_a_halted_job_that_nobody_lets_go_on_is_deleted_like_a_draft(world: World, signed_in: SignedIn) -> None:
    anna = await signed_in("anna")
    job = await upload(anna, b"username\neve\n")
    await work(world)
    await apply(anna, job)
    await User.filter(username="anna").update(state="disabled")
    await work(world)
    world.clock.advance(days=6)
    await create_retention(world.kit).once()
    assert (await Job.get(id=job.id)).state is JobState.HALTED
    world.clock.advance(days=2)
    await create_retention(world.kit).once()
    assert not await Job.exists()


@pytest.mark.parametrize("how", ["the others signed out", "the first second factor", "signed out by staff"])
async def test_a_job_of_a_thief_ends_with_their_session(world: World, signed_in: SignedIn, how: str) -> None:
    await world.person("anna", email="anna@example.org", password=PASSWORD, role=Role.ADMIN)
    thief, owner, bert = await world.entered("anna"), await world.entered("anna"), await signed_in("bert")
    person = await world.person("person0")
    job = await begin(thief, action="disable", id=str(person.id))
    if how == "the others signed out":
        assert (await owner.post("/account/sessions", {"which": "others"})).status_code == 303
    elif how == "signed out by staff":
        anna = await User.get(username="anna")
        assert (await bert.post(f"/users/{anna.id}/sessions")).status_code == 303
    else:
        await with_app(world, "anna")
    await work(world)
    assert (await Job.get(id=job.id)).state is JobState.HALTED
    assert (await thief.get("/account")).status_code == 303
    assert (await owner.get("/account")).status_code == (200 if how == "the others signed out" else 303)
