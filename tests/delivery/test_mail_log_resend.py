"""Sending a letter again from the log."""

from typing import Any

import pytest

from tests.delivery.test_mail_log_search import letter
from tests.postal import link_in, open_link, post, the_link, use_server
from tests.smtp_server import smtp_server
from tests.world import PASSWORD, World
from webapp.audit.models import AuditEntry
from webapp.outbox.models import Letter, LetterState
from webapp.users.edit import FORMER
from webapp.users.models import User, UserState


async def test_a_new_link_is_minted_and_the_old_one_is_dead(world: World) -> None:
    root = await world.admin()
    alice = await world.person("alice", email="alice@example.org")
    async with smtp_server() as server:
        await use_server(world, server)
        old = await the_link(world, server, "alice")
        first = await Letter.get(kind="reset_link")
        world.woken.clear()
        done = await root.post(f"/mail-log/{first.id}/resend")
        second = await Letter.get(kind="reset_link", id__gt=first.id)
        assert (done.status_code, done.headers["location"]) == (303, f"/mail-log/{second.id}")
        assert world.woken.is_set()
        assert "A new link is on its way to alice@example.org." in (await root.get(f"/mail-log/{second.id}")).text
        await post(world)
        new = link_in(await server.next_letter())
    assert (await world.browser().get(old)).status_code == 410
    await open_link(world.browser(), new)
    assert "The link was ended" in (await root.get(f"/mail-log/{first.id}")).text
    entry = await AuditEntry.filter(action="user:sent_reset_link").get()
    assert (entry.actor, entry.subject_id) == ("root", alice.id)


async def test_a_notice_is_sent_again_as_it_was(world: World) -> None:
    root = await world.admin()
    alice = await world.person("alice", email="alice@example.org")
    shown = await letter(
        world,
        "alice@example.org",
        user_id=alice.id,
        kind="password_changed",
        state=LetterState.FAILED,
        params={"a": "b"},
    )
    done = await root.htmx_post(f"/mail-log/{shown}/resend", shown=f"/mail-log/{shown}")
    again = await Letter.get(id__gt=shown)
    assert done.headers["HX-Redirect"] == f"/mail-log/{again.id}"
    assert (again.kind, again.recipient, again.params) == ("password_changed", "alice@example.org", {"a": "b"})
    assert (again.state, again.network) == (LetterState.QUEUED, "127.0.0.1")
    assert "Sent again to alice@example.org." in (await root.get(f"/mail-log/{again.id}")).text
    entry = await AuditEntry.filter(action="letter:resent").get()
    assert (entry.actor, entry.subject, entry.details["letter"]) == ("root", "alice@example.org", str(shown))
    assert "sent again a letter to" in (await root.get("/audit")).text


async def test_a_sample_and_an_invitation_are_sent_again(world: World) -> None:
    root = await world.admin()
    newcomer = await world.person("newcomer", email="new@example.org")
    sample = await letter(world, "me@example.org", kind="sample", state=LetterState.ACCEPTED)
    invitation = await letter(
        world, "old@example.org", kind="invitation", user_id=newcomer.id, state=LetterState.ACCEPTED
    )
    for shown, to in ((sample, "me@example.org"), (invitation, "new@example.org")):
        assert (await root.post(f"/mail-log/{shown}/resend")).status_code == 303
        again = await Letter.all().order_by("-id").first()
        assert again is not None
        assert (again.recipient, again.state) == (to, LetterState.QUEUED)


async def test_the_notice_to_the_address_of_before_goes_there_again(world: World) -> None:
    root = await world.admin()
    alice = await world.person("alice", email="new@example.org")
    values: dict[str, Any] = {"kind": "address_changed", "user_id": alice.id, "state": LetterState.ACCEPTED}
    former = await letter(world, "former@example.org", params={"address": FORMER}, **values)
    other = await letter(world, "older@example.org", **values)
    assert (await root.post(f"/mail-log/{former}/resend")).status_code == 303
    refused = await root.post(f"/mail-log/{other}/resend")
    assert refused.status_code == 409
    assert "The person has another address by now" in refused.text


@pytest.mark.parametrize(
    ("kind", "values", "person", "why"),
    [
        ("reset_link", {"state": LetterState.QUEUED}, {}, "still waits to be sent"),
        ("account_frozen", {}, {}, "of this kind are not sent again"),
        ("reset_link", {"user_id": None}, {}, "The account that it was for is gone."),
        ("reset_link", {}, {"email": None, "email_key": None}, "The person has no address any more."),
        ("reset_link", {}, {"state": UserState.DISABLED}, "The account is disabled; a link would open nothing."),
        ("reset_link", {}, {"frozen": True}, "The account is frozen: thaw it first."),
        ("invitation", {}, {"state": UserState.DISABLED}, "an invitation would open nothing"),
        ("invitation", {}, {"password_hash": "x"}, "The person has chosen a password by now."),
        ("invitation", {}, {"email": None, "email_key": None}, "The person has no address any more."),
    ],
)
async def test_what_makes_no_sense_is_refused_kindly(
    world: World, kind: str, values: dict[str, Any], person: dict[str, Any], why: str
) -> None:
    root = await world.admin()
    alice = await world.person("alice", email="alice@example.org")
    if person:
        changes = {"frozen_at": world.clock()} if "frozen" in person else person
        await User.filter(id=alice.id).update(**changes)
    given = {"state": LetterState.ACCEPTED, "user_id": alice.id, **values}
    shown = await letter(world, "alice@example.org", kind=kind, **given)
    for answer in (await root.post(f"/mail-log/{shown}/resend"), await root.htmx_post(f"/mail-log/{shown}/resend")):
        assert answer.status_code == 409
        assert why in answer.text
        assert "data-alert" in answer.text
    assert await Letter.all().count() == 1
    assert not await AuditEntry.filter(action="letter:resent").exists()


async def test_a_letter_that_is_not_there_is_404(world: World) -> None:
    assert (await (await world.admin()).post("/mail-log/4711/resend")).status_code == 404


@pytest.mark.parametrize("role", ["auditor", "helpdesk", "user"])
async def test_only_administrators_send_again(world: World, role: str) -> None:
    await world.person("somebody", email="s@example.org", password=PASSWORD, role=role)
    shown = await letter(world, "a@example.org", kind="sample", state=LetterState.ACCEPTED)
    browser = world.browser()
    await browser.sign_in("somebody", PASSWORD)
    assert (await browser.post(f"/mail-log/{shown}/resend")).status_code == 403
    assert await Letter.all().count() == 1
