"""A letter's page: from the wish for it to what became of its link."""

from datetime import datetime, timedelta
from html import unescape
from typing import Any

from tests.delivery.test_mail_log_search import letter, tried
from tests.postal import ask, crew, open_link, post, set_password, the_link, use_server
from tests.smtp_server import smtp_server
from tests.world import PASSWORD, World
from webapp.audit.record import Actor
from webapp.bounces.models import Action, Return
from webapp.delivery.log.letter import history
from webapp.delivery.log.timeline import Event, timeline
from webapp.mail_server.models import Slot
from webapp.outbox.models import Letter, LetterState
from webapp.recovery.send_link import send_reset_link
from webapp.users.models import User

SAFARI = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 Version/17.4 Safari/605.1.15"


async def events(letter_id: int, now: datetime) -> list[Event]:
    found = await history(letter_id)
    assert found is not None
    return list(timeline(found, now=now))


async def words(letter_id: int, now: datetime) -> list[str]:
    return [str(each.what) for each in await events(letter_id, now)]


async def test_a_letter_is_followed_from_the_wish_to_the_new_password(world: World) -> None:
    root = await world.admin()
    await world.person("alice", email="alice@example.org")
    async with smtp_server(replies={"MESSAGE": "250 2.0.0 Ok: queued as 4B1C2D3E4A"}) as server:
        await use_server(world, server)
        await ask(world, "alice", address="192.0.2.7")
        world.clock.advance(seconds=1)
        await post(world)
        sent = await Letter.get(kind="reset_link")
        path = (await server.next_letter()).message
        assert path["Message-ID"] == sent.message_id
    page = (await root.get(f"/mail-log/{sent.id}")).text
    order = [
        "Asked for on the page for forgotten passwords",
        "From 192.0.2.7.",
        "Put into the outbox",
        "Accepted by 127.0.0.1",
        "4B1C2D3E4A",
        "Waiting for the link to be opened",
    ]
    places = [page.find(each) for each in order]
    assert places == sorted(places)
    assert -1 not in places
    assert sent.network == "192.0.2.7"


async def test_the_link_is_told_as_fetched_opened_and_used(world: World) -> None:
    await world.person("alice", email="alice@example.org")
    async with smtp_server() as server:
        await use_server(world, server)
        path = await the_link(world, server, "alice")
        sent = await Letter.get(kind="reset_link")
        scanner = world.browser()
        scanner.client.headers["User-Agent"] = "Proofpoint URL Defense"
        assert (await scanner.get(path)).status_code == 303
        assert (await words(sent.id, world.clock()))[3:] == [
            "Link fetched, perhaps by a mail scanner",
            "Waiting for the link to be opened",
        ]
        world.clock.advance(minutes=2)
        browser = world.browser()
        browser.client.headers["User-Agent"] = SAFARI
        fingerprint = await open_link(browser, path)
        assert (await words(sent.id, world.clock()))[3:] == [
            "Link fetched, perhaps by a mail scanner",
            "Link opened in a browser",
            "Waiting for the link to be used",
        ]
        assert await set_password(browser, fingerprint) == 303
        assert (await words(sent.id, world.clock()))[3:] == [
            "Link fetched, perhaps by a mail scanner",
            "Link opened in a browser",
            "Used: a new password was set with it",
        ]
        root = await world.admin()
        assert "Link used" in (await root.get("/mail-log?kind=reset_link")).text


async def test_one_visit_is_told_once(world: World) -> None:
    now = world.clock()
    shown = await letter(
        world,
        "a@example.org",
        state=LetterState.ACCEPTED,
        link_fetched_at=now,
        link_opened_at=now + timedelta(seconds=1),
        link_ends_at=now + timedelta(minutes=30),
    )
    assert "Link fetched, perhaps by a mail scanner" not in await words(shown, now)
    root = await world.admin()
    assert "Link opened<" in (await root.get("/mail-log")).text
    assert "A mail scanner that runs a browser looks the same." in (await root.get(f"/mail-log/{shown}")).text


async def test_a_link_that_was_never_used_expires_or_is_ended(world: World) -> None:
    alice = await world.person("alice", email="alice@example.org")
    now = world.clock()
    values: dict[str, Any] = {"state": LetterState.ACCEPTED, "link_ends_at": now + timedelta(minutes=30)}
    sent = await letter(world, "alice@example.org", user_id=alice.id, recovery_version=alice.recovery_version, **values)
    assert (await words(sent, now))[-1] == "Waiting for the link to be opened"
    await send_reset_link(alice.id, actor=Actor("root"), now=now, language="en")
    assert (await words(sent, now))[-1] == "The link was ended"
    assert (await words(sent, now + timedelta(minutes=31)))[-1] == "The link has expired unused"


async def test_the_link_in_a_notice_is_not_waited_for(world: World) -> None:
    now = world.clock()
    values: dict[str, Any] = {"state": LetterState.ACCEPTED, "link_ends_at": now + timedelta(days=7)}
    notice = await letter(world, "a@example.org", kind="password_changed", **values)
    assert await words(notice, now) == ["The password was changed", "Put into the outbox"]
    await Letter.filter(id=notice).update(link_used_at=now)
    assert (await words(notice, now))[-1] == "Used: its reader said “this was not me”"


async def test_each_try_says_how_far_it_came_and_by_which_server(world: World) -> None:
    shown = await letter(world, "a@example.org", attempts=3)
    await tried(world, shown, step="connect", outcome="failed", diagnosis="connection_refused", revision_id=7)
    await tried(world, shown, step="message", outcome="unknown", slot=Slot.FALLBACK, revision_id=8)
    await tried(world, shown, step="quite_new", outcome="failed", reply_code=451, reply="later", revision_id=7)
    *_, first, second, third, waiting = await events(shown, world.clock())
    assert str(first.what) == "mail.example.org: failed while connecting"
    assert first.said == ""
    assert "mail.example.org" in str(first.notes[0])
    assert str(first.notes[-1]) == "1 ms, mail-server settings no. 7"
    assert str(second.what) == "mail.example.org did not say whether it accepted the letter"
    assert str(second.notes[-1]) == "1 ms, fallback server's settings no. 8"
    assert str(third.what) == "mail.example.org: failed while quite_new"
    assert third.said == "451 later"
    assert (str(waiting.what), waiting.at) == ("Waiting for the next try", (await Letter.get(id=shown)).due_at)


async def test_what_came_back_later_is_told(world: World) -> None:
    now = world.clock()
    shown = await letter(world, "a@example.org", state=LetterState.ACCEPTED)
    await Return.create(letter_id=shown, at=now, action=Action.DELAYED, digest="1")
    await Return.create(
        letter_id=shown,
        at=now,
        action=Action.FAILED,
        status="5.1.1",
        diagnostic="<b>unknown</b>",
        remote_host="mx.example.com",
        marked=True,
        digest="2",
    )
    *_, delayed, returned = await events(shown, now)
    assert (str(delayed.what), delayed.notes) == ("Delayed on its way", ())
    assert str(returned.what) == "Came back: the address takes no mail"
    assert [str(each) for each in returned.notes] == [
        "mx.example.com reports it.",
        "The person's address is marked as undeliverable because of it.",
    ]
    page = (await (await world.admin()).get(f"/mail-log/{shown}")).text
    assert "5.1.1 &lt;b&gt;unknown" in page


async def test_who_asked_is_told_as_far_as_it_is_known(world: World) -> None:
    root = await world.admin()
    alice = await world.person("alice", email="alice@example.org")
    await root.post(f"/users/{alice.id}/reset-link")
    asked = await Letter.get(kind="reset_link")
    assert asked.network == "127.0.0.1"
    first, *_ = await events(asked.id, world.clock())
    assert (str(first.what), [str(each) for each in first.notes]) == ("Asked for by root", ["From 127.0.0.1."])
    await Letter.filter(id=asked.id).update(requested_by_id=None)
    assert (await words(asked.id, world.clock()))[0] == "Asked for"
    plain = await letter(world, "a@example.org")
    assert (await words(plain, world.clock()))[0] == "Written by Postern itself"


async def test_why_it_was_not_sent_is_its_last_event(world: World) -> None:
    now = world.clock()
    shown = await letter(world, "a@example.org", state=LetterState.CANCELLED, reason="superseded", finished_at=now)
    *_, last = await events(shown, now)
    assert str(last.what) == "Not sent"
    assert "asked again" in str(last.notes[0])
    await Letter.filter(id=shown).update(state=LetterState.FAILED, reason="")
    assert (await events(shown, now))[-1].notes == ()


async def test_the_network_of_whoever_caused_a_letter_is_kept_with_it(world: World) -> None:
    await world.person("alice", email="alice@example.org", password=PASSWORD)
    browser = world.browser(address="192.0.2.9")
    await browser.sign_in("alice", PASSWORD)
    fields = {"current_password": PASSWORD, "new_password": "nine purple lanterns humming"}
    await browser.post("/account/password", fields)
    assert (await Letter.get()).network == "192.0.2.9"
    page = unescape((await (await world.admin()).get(f"/mail-log/{(await Letter.get()).id}")).text)
    assert "The password was changed" in page


async def test_an_auditor_reads_and_is_offered_nothing_else(world: World) -> None:
    shown = await letter(world, "a@example.org", user_id=(await world.person("alice", email="a@example.org")).id)
    await Letter.all().update(state=LetterState.ACCEPTED)
    await world.person("auditor", email="x@example.org", password=PASSWORD, role="auditor")
    browser = world.browser()
    await browser.sign_in("auditor", PASSWORD)
    page = (await browser.get(f"/mail-log/{shown}")).text
    assert "Send again" not in page
    assert 'href="/users/' not in page
    assert "Requests without a letter" not in (await browser.get("/mail-log")).text
    assert (await browser.get("/mail-log/requests")).status_code == 403
    assert (await browser.post(f"/mail-log/{shown}/resend")).status_code == 403


async def test_a_letter_whose_person_is_gone_goes_with_them(world: World) -> None:
    alice = await world.person("alice", email="alice@example.org")
    shown = await letter(world, "alice@example.org", user_id=alice.id)
    await User.filter(id=alice.id).delete()
    assert await history(shown) is None


async def test_the_crew_fills_in_when_the_link_ends(world: World) -> None:
    alice = await world.person("alice", email="alice@example.org")
    async with smtp_server() as server:
        await use_server(world, server)
        await send_reset_link(alice.id, actor=Actor("root"), now=world.clock(), language="en")
        made = crew(world)
        await made.worker.once()
        await made.worker.aclose()
    assert (await Letter.get()).link_ends_at == world.clock() + timedelta(minutes=30)
