"""The same change for many people."""

import asyncio

import pytest

from tests.people.conftest import SignedIn
from tests.people.test_imports import fates, work
from tests.world import Browser, World
from webapp.audit.models import AuditEntry
from webapp.crew import create_job_worker
from webapp.jobs.models import Job, JobRow, JobState
from webapp.outbox.models import Letter
from webapp.people.bulk import change
from webapp.users.models import User

PASSWORD = "correct horse battery 2"


async def begin(browser: Browser, **fields: str) -> Job:
    answer = await browser.post("/users/bulk", fields)
    assert answer.status_code == 303, answer.text
    return await Job.get(id=int(answer.headers["location"].rpartition("/")[2]))


async def test_everybody_in_a_list_is_disabled_but_oneself_and_the_last_administrator(
    world: World, signed_in: SignedIn
) -> None:
    browser = await signed_in()
    for name in ("ada", "bob"):
        await world.person(name)
    page = (await browser.get("/users/bulk?action=disable")).text
    assert "It will be done to 3 users." in page
    job = await begin(browser, action="disable")
    late = await world.person("late")
    await work(world)
    assert sorted(await fates(job)) == [("ada", "done"), ("bob", "done"), ("root", "skipped")]
    assert await User.filter(state="disabled").count() == 2
    assert (await User.get(id=late.id)).state == "active"
    assert "This is you." in (await browser.get(f"/users/jobs/{job.id}")).text
    assert await AuditEntry.filter(action="user:disabled").count() == 2
    assert (await AuditEntry.get(action="people:changed")).details["done"] == "2"
    done = await Job.get(id=job.id)
    assert (done.state, done.total, done.done) == (JobState.DONE, 3, 3)
    await begin(browser, action="enable", status="disabled")
    await work(world)
    assert await User.filter(state="disabled").count() == 0


async def test_only_those_that_are_ticked(world: World, signed_in: SignedIn) -> None:
    browser = await signed_in()
    ada, bob, _ = [await world.person(name, password=PASSWORD) for name in ("ada", "bob", "eve")]
    page = (await browser.get(f"/users/bulk?action=require_change&id={ada.id}&id={bob.id}")).text
    assert "It will be done to 2 users." in page
    assert f'name="id" value="{ada.id},{bob.id}"' in page
    await begin(browser, action="require_change", id=f"{ada.id},{bob.id}")
    await work(world)
    assert await User.filter(must_change=True).order_by("id").values_list("username") == [("ada",), ("bob",)]
    assert f'name="id" value="{ada.id}"' in (await browser.get("/users")).text


async def test_invitations_go_to_whom_they_are_of_use(world: World, signed_in: SignedIn) -> None:
    browser = await signed_in()
    await world.person("ada", email="ada@example.org")
    await world.person("mute")
    await world.person("known", email="known@example.org", password=PASSWORD)
    job = await begin(browser, action="invite")
    await work(world)
    found = dict(await fates(job))
    assert (found["ada"], found["mute"], found["known"]) == ("done", "skipped", "skipped")
    assert await Letter.filter(kind="invitation", recipient="ada@example.org").count() == 1
    assert await Letter.filter(kind="invitation", recipient="known@example.org").count() == 0


async def test_sessions_end(world: World, signed_in: SignedIn) -> None:
    browser = await signed_in()
    await world.person("ada", password=PASSWORD)
    ada = await world.entered("ada")
    assert (await ada.get("/account")).status_code == 200
    await begin(browser, action="end_sessions")
    await work(world)
    assert (await ada.get("/account")).status_code != 200
    assert (await browser.get("/users")).status_code == 200


async def test_it_can_be_stopped_between_two_batches_and_goes_on_after_a_kill(
    world: World, signed_in: SignedIn
) -> None:
    browser = await signed_in()
    for number in range(130):
        await world.person(f"person{number}")
    job = await begin(browser, action="disable")
    worker = create_job_worker(world.kit, lambda: None)
    killed = asyncio.Event()
    killed.set()
    assert await worker.once(killed)
    half = await Job.get(id=job.id)
    assert (half.state, half.done) == (JobState.APPLYING, 100)
    await browser.post(f"/users/jobs/{job.id}", {"action": "stop"})
    await Job.filter(id=job.id).update(stopping=False)
    await work(world)
    assert await User.filter(state="disabled").count() == 130
    assert await JobRow.filter(job_id=job.id).count() == 131
    job = await begin(browser, action="enable")
    await Job.filter(id=job.id).update(stopping=True)
    await work(world)
    stopped = await Job.get(id=job.id)
    assert (stopped.state, stopped.done) == (JobState.STOPPED, 100)


@pytest.mark.parametrize(
    "query",
    ["action=destroy", "action=disable&id=x", "action=disable&status=nonsense", "action=disable&status=locked"],
)
async def test_what_makes_no_sense_is_refused(world: World, signed_in: SignedIn, query: str) -> None:
    browser = await signed_in()
    assert (await browser.get(f"/users/bulk?{query}")).status_code == 422
    assert not await Job.exists()


async def test_two_workers_do_a_job_once(world: World, signed_in: SignedIn) -> None:
    browser = await signed_in()
    for number in range(120):
        await world.person(f"person{number}")
    job = await begin(browser, action="disable")
    first, second = [change.work(await Job.get(id=job.id), clock=world.clock, wake=lambda: None) for _ in range(2)]
    await anext(first)
    # As after a pause longer than the lease: it does not know what the other has done.
    assert [each async for each in second] == []
    assert [each async for each in first] == [None]
    done = await Job.get(id=job.id)
    assert (done.state, done.done, done.counts) == (JobState.DONE, 121, {"done": 120, "skipped": 1})
    assert await AuditEntry.filter(action="user:disabled").count() == 120
    assert await AuditEntry.filter(action="people:changed").count() == 1
