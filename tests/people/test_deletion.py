"""Deleting a person: at once for them, restorable for 30 days, and then for good."""

import re

import pytest

from tests.people.conftest import SignedIn
from tests.postal import NEW_PASSWORD, ask, open_link, post, the_link, use_server
from tests.smtp_server import smtp_server
from tests.world import PASSWORD, World
from webapp.audit.models import AuditEntry
from webapp.audit.record import Actor
from webapp.crew import create_retention
from webapp.outbox.models import Letter
from webapp.recovery.models import RecoveryRequest, RequestOutcome
from webapp.sessions.models import Session
from webapp.users.deletion import Deleted, delete
from webapp.users.models import User


async def _delete(world: World, user: User) -> None:
    await User.filter(id=user.id).update(deleted_at=world.clock())


async def test_the_username_is_typed_to_confirm(world: World, signed_in: SignedIn) -> None:
    browser = await signed_in()
    ada = await world.person("ada", email="ada@example.org", password=PASSWORD)
    shown = f"/users/{ada.id}"
    for typed in ("", "adam", "ada@example.org"):
        answer = await browser.htmx_post(f"{shown}/deletion", {"username": typed}, shown=shown)
        assert answer.status_code == 422
        assert "Please type the username ada to confirm." in answer.text
        assert 'aria-invalid="true"' in answer.text
    assert (await User.get(id=ada.id)).deleted_at is None
    answer = await browser.htmx_post(f"{shown}/deletion", {"username": " ADA "}, shown=shown)
    assert answer.headers["HX-Redirect"] == shown
    assert (await User.get(id=ada.id)).deleted_at == world.clock()
    page = (await browser.get(shown)).text
    assert "ada is deleted." in page
    assert "the account is deleted. It can be restored for 30 more days." in page
    assert "Restore account" in page
    for gone in ("Send link", "Set password", "Save</span>", "Make link and code", "Disable account"):
        assert gone not in page
    entry = await AuditEntry.get(action="user:deleted")
    assert (entry.actor, entry.subject, entry.subject_id) == ("root", "ada", ada.id)


async def test_nothing_opens_a_deleted_account_and_nobody_can_tell(world: World, signed_in: SignedIn) -> None:
    staff = await signed_in()
    async with smtp_server() as server:
        await use_server(world, server)
        ada = await world.person("ada", email="ada@example.org", password=PASSWORD)
        link = await the_link(world, server, "ada")
        theirs = world.browser()
        await theirs.sign_in("ada", PASSWORD)
        opened = world.browser()
        mark = await open_link(opened, link)
        await staff.post(f"/users/{ada.id}/deletion", {"username": "ada"})
        await post(world)
        told = await server.next_letter()
        while "is deleted" not in str(told.message["Subject"]):  # the notice of the sign-in may come first
            told = await server.next_letter()
        assert (await theirs.get("/account")).status_code == 303
        form = {"new_password": NEW_PASSWORD, "link": mark}
        assert (await opened.post("/password-reset/new", form)).status_code == 410
        assert (await world.browser().get(link)).status_code == 410
        answers = set()
        for name in ("ada", "nobody"):
            refused = await world.browser().post("/sign-in", {"identifier": name, "password": PASSWORD})
            answers.add((refused.status_code, re.sub(name, "NAME", refused.text)))
        assert len(answers) == 1
        await Letter.all().delete()
        world.clock.advance(minutes=5)
        await ask(world, "ada@example.org")
        await post(world)
        assert not await Letter.exists()
    request = await RecoveryRequest.all().order_by("-id").first()
    assert request
    assert request.outcome is RequestOutcome.DELETED


async def test_staff_can_do_nothing_with_a_deleted_account_but_restore_it(world: World, signed_in: SignedIn) -> None:
    browser = await signed_in()
    ada = await world.person("ada", email="ada@example.org", password=PASSWORD)
    await _delete(world, ada)
    before = await User.get(id=ada.id).values()
    for way, fields in {
        "": {"email": "x@example.org", "version": "1"},
        "/password": {"new_password": NEW_PASSWORD},
        "/reset-link": {},
        "/invitation": {},
        "/handoff": {"verified_how": "called back"},
        "/sessions": {},
        "/state": {"state": "disabled"},
        "/factors": {"confirmed": "on"},
        "/reachable": {},
    }.items():
        answer = await browser.post(f"/users/{ada.id}{way}", fields)
        assert answer.status_code == 409, way
        assert "An administrator can restore it." in answer.text
    assert await User.get(id=ada.id).values() == before
    assert not await Letter.exists()


async def test_it_is_restored_as_it_was(world: World, signed_in: SignedIn) -> None:
    browser = await signed_in()
    ada = await world.person("ada", email="ada@example.org", password=PASSWORD)
    theirs = world.browser()
    await theirs.sign_in("ada", PASSWORD)
    await browser.post(f"/users/{ada.id}/deletion", {"username": "ada"})
    assert "ada" not in re.findall(r'<th scope="row"><a[^>]*>([^<]+)', (await browser.get("/users")).text)
    answer = await browser.htmx_post(f"/users/{ada.id}/deletion?at=summary", {"action": "restore"})
    assert answer.headers["HX-Redirect"] == f"/users/{ada.id}"
    assert (await User.get(id=ada.id)).deleted_at is None
    assert (await theirs.get("/account")).status_code == 303  # the session of before stays ended
    await world.browser().sign_in("ada", PASSWORD)
    assert await AuditEntry.filter(action="user:restored", subject="ada").count() == 1
    # Once more is no failure, and nothing to record.
    assert (await browser.post(f"/users/{ada.id}/deletion", {"action": "restore"})).status_code == 303
    assert await AuditEntry.filter(action="user:restored").count() == 1


async def test_username_and_address_stay_reserved(world: World, signed_in: SignedIn) -> None:
    browser = await signed_in()
    await _delete(world, await world.person("ada", email="ada@example.org"))
    answer = await browser.post("/users", {"username": "ADA", "email": ""})
    assert answer.status_code == 422
    answer = await browser.post("/users", {"username": "other", "email": "ada@example.org"})
    assert answer.status_code == 422


async def test_after_the_days_of_grace_it_goes_for_good_and_the_record_stays(world: World, signed_in: SignedIn) -> None:
    browser = await signed_in()
    ada = await world.person("ada", email="ada@example.org", password=PASSWORD)
    bob = await world.person("bob", email="bob@example.org", password=PASSWORD)
    await world.browser().sign_in("ada", PASSWORD)
    await browser.post(f"/users/{ada.id}/deletion", {"username": "ada"})
    world.clock.advance(days=30)
    retention = create_retention(world.kit)
    found = await retention.once()
    assert found
    assert found["people"] == 0
    world.clock.advance(seconds=1)
    found = await retention.once()
    assert found
    assert found["people"] == 1
    assert await User.filter(id=bob.id).exists()
    assert not await User.filter(id=ada.id).exists()
    assert not await Session.filter(user_id=ada.id).exists()
    assert not await Letter.filter(user_id=ada.id).exists()
    actions = await AuditEntry.filter(subject="ada").order_by("id").values("action")
    assert [each["action"] for each in actions] == ["user:created", "session:began", "user:deleted", "user:purged"]
    await world.person("ada", email="ada@example.org")


async def test_what_was_restored_meanwhile_is_not_purged(world: World) -> None:
    ada = await world.person("ada")
    await _delete(world, ada)
    world.clock.advance(days=31)
    await User.filter(id=ada.id).update(deleted_at=None)
    found = await create_retention(world.kit).once()
    assert found
    assert found["people"] == 0


async def test_nobody_deletes_themselves(world: World, signed_in: SignedIn) -> None:
    browser = await signed_in()
    await world.person("second", role="admin", password=PASSWORD)
    root = await User.get(username="root")
    assert "Delete this account" not in (await browser.get(f"/users/{root.id}")).text
    answer = await browser.post(f"/users/{root.id}/deletion", {"username": "root"})
    assert answer.status_code == 422
    assert "Nobody deletes their own account." in answer.text


async def test_helpdesk_may_neither_delete_nor_restore(world: World, signed_in: SignedIn) -> None:
    desk = await signed_in("desk", "helpdesk")
    ada = await world.person("ada")
    assert "Only administrators can delete people." in (await desk.get(f"/users/{ada.id}")).text
    assert (await desk.post(f"/users/{ada.id}/deletion", {"username": "ada"})).status_code == 403
    await _delete(world, ada)
    page = (await desk.get(f"/users/{ada.id}")).text
    assert "Only administrators can restore it." in page
    assert "Restore account" not in page
    assert (await desk.post(f"/users/{ada.id}/deletion", {"action": "restore"})).status_code == 403


async def test_a_person_who_was_changed_meanwhile_is_looked_at_again_first(world: World, signed_in: SignedIn) -> None:
    mine, theirs = await signed_in("root"), await signed_in("second")
    ada = await world.person("ada", email="ada@example.org")
    seen = mine.hidden(await mine.get(f"/users/{ada.id}"), "version")
    await theirs.post(f"/users/{ada.id}", {"email": "ada@example.net", "role": "helpdesk", "version": seen})
    answer = await mine.htmx_post(f"/users/{ada.id}/deletion", {"username": "ada", "version": seen})
    assert answer.status_code == 409
    assert "Somebody else has changed this person meanwhile." in answer.text
    assert 'value="ada"' in answer.text
    again = {"username": "ada", "version": mine.hidden(answer, "version")}
    assert (await mine.post(f"/users/{ada.id}/deletion", again)).status_code == 303


@pytest.mark.parametrize("way", ["reset-link", "invitation"])
async def test_a_letter_goes_to_the_address_that_was_seen_or_nowhere(
    world: World, signed_in: SignedIn, way: str
) -> None:
    mine, theirs = await signed_in("root"), await signed_in("second")
    ada = await world.person("ada", email="ada@example.org", password=PASSWORD if way == "reset-link" else None)
    seen = {"address": mine.hidden(await mine.get(f"/users/{ada.id}"), "address")}
    assert seen == {"address": "ada@example.org"}
    await theirs.post(f"/users/{ada.id}", {"email": "new@example.org", "version": "1"})
    await Letter.all().delete()
    answer = await mine.htmx_post(f"/users/{ada.id}/{way}", seen)
    assert answer.status_code == 409
    assert "from ada@example.org to new@example.org. Nothing was sent" in answer.text
    assert not await Letter.exists()
    again = {"address": mine.hidden(answer, "address")}
    assert (await mine.post(f"/users/{ada.id}/{way}", again)).status_code == 303
    assert (await Letter.get()).recipient == "new@example.org"
    await theirs.post(f"/users/{ada.id}", {"email": "", "version": "2"})
    answer = await mine.htmx_post(f"/users/{ada.id}/{way}", again)
    assert "has taken the address new@example.org away meanwhile" in answer.text


async def test_whoever_has_no_address_is_told_nothing_and_half_a_form_does_nothing(
    world: World, signed_in: SignedIn
) -> None:
    browser = await signed_in()
    ada = await world.person("ada")
    assert (await browser.post(f"/users/{ada.id}/deletion", {"action": "burn"})).status_code == 422
    assert (await browser.post(f"/users/{ada.id}/deletion", {"username": "ada"})).status_code == 303
    assert (await User.get(id=ada.id)).deleted_at is not None
    assert not await Letter.exists()
    again = await delete(ada.id, actor=Actor("root"), now=world.clock())
    assert again == Deleted(told=False)
    assert await AuditEntry.filter(action="user:deleted").count() == 1
