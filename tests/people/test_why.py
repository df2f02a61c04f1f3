"""Why somebody cannot get in: the first thing in the way, named with what mends it, and all that was checked."""

import re
from datetime import timedelta
from typing import Any

import pytest

from tests.people.conftest import SignedIn
from tests.postal import post, use_server
from tests.smtp_server import smtp_server
from tests.world import PASSWORD, World
from webapp.bounces.models import Action, Return
from webapp.health.models import Check
from webapp.mail_server.active import ActiveServer, active_server
from webapp.mail_server.models import Slot, Verdict
from webapp.mail_server.verdict import fingerprint
from webapp.outbox.models import Letter, LetterState
from webapp.people.why.checklist import checked
from webapp.people.why.conditions import Condition, Mend, Name, State
from webapp.people.why.conditions import Verdict as Why
from webapp.people.why.facts import facts_of
from webapp.users.models import User, UserState

NOW, EARLIER = "now", "earlier"
"""Stand for moments by the world's clock."""


async def _why(world: World, user: User, **more: Any) -> Why:
    current = await User.get(id=user.id)
    facts = await facts_of(
        current,
        vault=world.kit.vault,
        presets=world.kit.presets,
        policy=await world.kit.policy(),
        now=world.clock(),
        **{"locked_until": None, **more},
    )
    return checked(facts)


def _of(found: Why, name: Name) -> Condition:
    return next(each for each in found.conditions if each.name is name)


async def _well(world: World, **changes: Any) -> User:
    """Somebody with whom nothing is wrong but the changes."""
    await use_server(world, host="smtp.example.org", port="25")
    ada = await world.person("ada", email="ada@example.org", password=PASSWORD)
    moments = {NOW: world.clock(), EARLIER: world.clock() - timedelta(minutes=1)}
    values = {"email_verified_at": NOW, **changes}
    await User.filter(id=ada.id).update(
        **{name: moments.get(value, value) if isinstance(value, str) else value for name, value in values.items()}
    )
    return ada


async def _letter(world: World, user: User, **values: Any) -> Letter:
    now = world.clock()
    current = await User.get(id=user.id)
    return await Letter.create(
        **{
            "kind": "reset_link",
            "recipient": current.email or "",
            "language": "en",
            "user_id": user.id,
            "recovery_version": current.recovery_version,
            "state": LetterState.ACCEPTED,
            "created_at": now,
            "due_at": now,
            "finished_at": now,
            "link_ends_at": now + timedelta(minutes=30),
            **values,
        }
    )


@pytest.mark.parametrize(
    ("changes", "kind", "words", "mend"),
    [
        ({}, "good", "no mail to the address was refused", None),
        ({"display_name": "Ada L."}, "good", "Ada L. can sign in", None),
        ({"email_verified_at": None}, "info", "nobody has confirmed", None),
        ({"must_change": True}, "info", "has to choose a new password", None),
        ({"must_change": True, "password_expires_at": EARLIER}, "bad", "has expired", Mend.LINK),
        ({"email_refused_at": NOW}, "warn", "takes no mail", Mend.ADDRESS),
        ({"email": None, "email_key": None}, "warn", "there is no address", Mend.ADDRESS),
        ({"password_hash": None}, "bad", "has no password yet", Mend.INVITATION),
        ({"password_hash": None, "email_refused_at": NOW}, "bad", "No invitation reaches", Mend.ADDRESS),
        ({"password_hash": None, "email": None, "email_key": None}, "bad", "no password, and no address", Mend.ADDRESS),
        ({"state": UserState.DISABLED, "email_refused_at": NOW}, "bad", "the account is disabled", Mend.ENABLE),
        ({"frozen_at": NOW}, "bad", "the account is frozen", Mend.THAW),
        ({"deleted_at": NOW, "state": UserState.DISABLED}, "bad", "restored for 30 more days", Mend.RESTORE),
    ],
)
async def test_the_first_thing_in_the_way_is_named(
    world: World, changes: dict[str, Any], kind: str, words: str, mend: Mend | None
) -> None:
    found = await _why(world, await _well(world, **changes))
    assert (found.kind, found.decided_by.mend if found.decided_by else None) == (kind, mend)
    assert words in str(found.text)
    assert [each.name for each in found.conditions] == list(Name)


async def test_wrong_passwords_lock_and_are_forgiven(world: World) -> None:
    ada = await _well(world)
    until = world.clock() + timedelta(minutes=5)
    found = await _why(world, ada, locked_until=until)
    assert (found.kind, found.decided_by and found.decided_by.mend, found.decided_by and found.decided_by.at) == (
        "warn",
        Mend.UNLOCK,
        until,
    )


async def test_somebody_who_owes_a_factor_is_told_of(world: World, signed_in: SignedIn) -> None:
    ada = await _well(world)
    browser = await signed_in()
    page = await browser.get("/security-policy")
    assert page.status_code == 200
    await User.filter(id=ada.id).update(second_factor=True)
    assert _of(await _why(world, ada), Name.FACTOR).state is State.NONE  # no factor is on record


async def _fingerprint(world: World) -> str:
    active = await active_server(world.kit.vault, {}, Slot.PRIMARY)
    assert isinstance(active, ActiveServer)
    return fingerprint(world.kit.vault, active.server)


async def test_without_a_mail_server_nothing_is_sent(world: World) -> None:
    ada = await world.person("ada", email="ada@example.org", password=PASSWORD)
    found = await _why(world, ada)
    assert (found.kind, str(found.text)) == ("warn", "No letter can reach ada: no mail server is set up.")


async def test_the_canary_and_the_last_test_tell_of_the_mail_server(world: World) -> None:
    ada = await _well(world)
    assert _of(await _why(world, ada), Name.MAIL_SERVER).state is State.WARN
    mark, now = await _fingerprint(world), world.clock()
    await Verdict.create(
        fingerprint=mark, passed=True, tested_at=now, step="message", diagnosis="", milliseconds=5, tested_by=None
    )
    assert _of(await _why(world, ada), Name.MAIL_SERVER).at == now
    known: dict[str, Any] = {"step": "sign_in", "milliseconds": 5, "revision_id": 1}
    for _ in range(2):
        world.clock.advance(minutes=5)
        await Check.create(slot=Slot.PRIMARY, fingerprint=mark, healthy=False, refused=False, at=world.clock(), **known)
    found = await _why(world, ada)
    assert "the mail server is not working" in str(found.text)
    assert found.decided_by
    assert (found.decided_by.mend, found.decided_by.at) == (Mend.MAIL_SERVER, world.clock())
    world.clock.advance(minutes=5)
    await Check.create(slot=Slot.PRIMARY, fingerprint=mark, healthy=True, refused=False, at=world.clock(), **known)
    assert _of(await _why(world, ada), Name.MAIL_SERVER).state is State.OK


@pytest.mark.parametrize(
    ("letter", "after", "kind", "words", "mend"),
    [
        ({"state": LetterState.QUEUED}, {}, "info", "waits to be sent", None),
        (
            {"state": LetterState.FAILED, "reason": "gave_up"},
            {},
            "warn",
            "did not reach ada. It was put off",
            Mend.LINK,
        ),
        ({}, {}, "info", "the link was not opened yet", Mend.LINK),
        ({}, {"minutes": 31}, "warn", "did not open the link in time", Mend.LINK),
        ({"link_opened_at": NOW}, {}, "info", "has not set a password with it yet", Mend.LINK),
        ({"link_opened_at": NOW}, {"minutes": 31}, "warn", "set no password in time", Mend.LINK),
        ({"link_used_at": NOW}, {"minutes": 31}, "good", "can sign in", None),
        ({"recovery_version": 0}, {}, "good", "can sign in", None),
    ],
)
async def test_the_last_link_is_followed_to_its_end(
    world: World, letter: dict[str, Any], after: dict[str, float], kind: str, words: str, mend: Mend | None
) -> None:
    ada = await _well(world)
    await _letter(world, ada, **{name: world.clock() if value == NOW else value for name, value in letter.items()})
    world.clock.advance(**after)
    found = await _why(world, ada)
    assert (found.kind, found.decided_by.mend if found.decided_by else None) == (kind, mend)
    assert words in str(found.text)


async def test_a_link_that_came_to_nothing_does_not_matter_once_they_have_signed_in(world: World) -> None:
    ada = await _well(world)
    await _letter(world, ada, state=LetterState.FAILED, reason="gave_up")
    world.clock.advance(minutes=1)
    await User.filter(id=ada.id).update(last_sign_in_at=world.clock())
    found = await _why(world, ada)
    assert found.kind == "good"
    assert _of(found, Name.LETTER).state is State.NONE


async def test_somebody_without_a_password_needs_a_link_that_works(world: World) -> None:
    ada = await _well(world, password_hash=None)
    await _letter(world, ada, kind="invitation", recovery_version=0)
    found = await _why(world, ada)
    assert (found.kind, found.decided_by and found.decided_by.mend) == ("bad", Mend.INVITATION)
    assert "has no link that still works" in str(found.text)


async def test_what_came_back_is_told(world: World) -> None:
    ada = await _well(world)
    letter = await _letter(world, ada)
    await Return.create(
        letter_id=letter.id, at=world.clock(), action=Action.FAILED, status="5.2.2", diagnostic="full", digest="x"
    )
    found = await _why(world, ada)
    assert "did not reach ada. Came back: the mailbox is full" in str(found.text)
    assert found.decided_by
    assert found.decided_by.said == "full"


async def test_the_button_stands_beside_the_sentence_and_its_answer_there(world: World, signed_in: SignedIn) -> None:
    browser = await signed_in()
    ada = await _well(world, state=UserState.DISABLED)
    page = (await browser.get(f"/users/{ada.id}")).text
    assert f'hx-post="/users/{ada.id}/state?at=summary"' in page
    answer = await browser.htmx_post(f"/users/{ada.id}/state?at=summary", {"state": "active"}, shown=f"/users/{ada.id}")
    region = answer.text.partition("<hx-partial")[0]
    assert 'id="summary"' in region
    assert "ada can sign in" in region
    beside = set(re.findall(r'<hx-partial hx-target="#([\w-]+)" hx-swap="outerHTML">', answer.text))
    assert {"access", "reset-link", "timeline"} <= beside
    assert "summary" not in beside


async def test_an_address_is_corrected_where_it_is_missed(world: World, signed_in: SignedIn) -> None:
    browser = await signed_in()
    ada = await _well(world, email=None, email_key=None, display_name="Ada")
    page = await browser.get(f"/users/{ada.id}")
    fields = {"email": "nonsense", "display_name": "Ada", "version": browser.hidden(page, "version")}
    shown = f"/users/{ada.id}"
    refused = await browser.htmx_post(f"{shown}?at=summary", fields, shown=shown)
    assert refused.status_code == 422
    assert 'id="summary"' in refused.text
    assert re.search(r'id="mend-email-error"[^>]*>[^<]+<', refused.text)
    assert 'value="nonsense"' in refused.text
    saved = await browser.htmx_post(f"{shown}?at=summary", {**fields, "email": "ada@example.net"}, shown=shown)
    assert saved.status_code == 200
    assert "nobody has confirmed yet" in saved.text
    assert (await User.get(id=ada.id)).email == "ada@example.net"
    assert (await browser.post(f"{shown}?at=summary", {**fields, "version": "2"})).status_code == 422


async def test_a_link_is_sent_from_the_sentence_and_its_fate_follows(world: World, signed_in: SignedIn) -> None:
    browser = await signed_in()
    async with smtp_server() as server:
        await use_server(world, server)
        ada = await world.person("ada", email="ada@example.org")
        answer = await browser.htmx_post(f"/users/{ada.id}/invitation?at=summary", {"address": "ada@example.org"})
        assert "A letter with a link for ada waits to be sent." in answer.text
        await post(world)
        page = (await browser.get(f"/users/{ada.id}")).text
        assert "the link was not opened yet" in page


async def test_helpdesk_is_not_sent_to_the_mail_server(world: World, signed_in: SignedIn) -> None:
    desk = await signed_in("desk", "helpdesk")
    ada = await world.person("ada", email="ada@example.org", password=PASSWORD)
    page = (await desk.get(f"/users/{ada.id}")).text
    assert "no mail server is set up" in page
    assert "Open the mail server" not in page
    assert "Give a link and a code instead" in page


async def test_the_caller_s_own_words_lead_to_the_sentence(world: World, signed_in: SignedIn) -> None:
    browser = await signed_in()
    ada = await _well(world, state=UserState.DISABLED, display_name="Ada Lovelace")
    for said in ("ada", "ADA@example.org", " ada@EXAMPLE.org "):
        page = (await browser.get("/users/why")).text
        assert "Why can't they get in?" in page
        found = (await browser.client.get("/users/why", params={"q": said})).text
        assert "Ada Lovelace cannot get in: the account is disabled." in found, said
        assert f'href="/users/{ada.id}"' in found
        assert "?at=summary" not in found


async def test_nobody_of_that_name_but_somebody_almost(world: World, signed_in: SignedIn) -> None:
    browser = await signed_in()
    ada = await world.person("ada.lovelace", email="ada@example.org", display_name="Ada")
    for said, reason in {
        "ada@exmaple.org": "another domain: ada@example.org",
        "ada.lovelcae": "two letters are swapped: ada.lovelace",
        "adalovelace": "other dots or dashes: ada.lovelace",
        "Lovelace": "what was typed is in their name or address",
    }.items():
        answer = await browser.htmx_get(f"/users/why?q={said}", shown="/users/why")
        assert answer.headers["HX-Push-Url"] == f"/users/why?q={said.replace('@', '%40')}"
        assert reason in answer.text, said
        assert f'href="/users/{ada.id}"' in answer.text
    nothing = (await browser.get("/users/why?q=zzzzzzzz")).text
    assert "And nobody is almost it." in nothing
    # The list offers the same where it finds nobody.
    assert 'href="/users/why?q=ada.lovelcae"' in (await browser.get("/users?q=ada.lovelcae")).text


async def test_helpdesk_finds_only_whom_it_reaches(world: World, signed_in: SignedIn) -> None:
    desk = await signed_in("desk", "helpdesk")
    await world.person("the-boss", email="boss@example.org", role="admin")
    for said in ("boss@example.org", "the-bos", "boss@example.com", "boss"):
        page = (await desk.get(f"/users/why?q={said}")).text
        assert "And nobody is almost it." in page, said
        assert "the-boss</a>" not in page
    # The list names them as well, to whoever has the name.
    page = (await desk.get("/users/why?q=the-boss")).text
    assert "Only administrators can open this." in page
    assert "Create a user" not in page


async def test_the_address_in_a_sentence_is_what_is_meant(world: World, signed_in: SignedIn) -> None:
    browser = await signed_in()
    ada = await world.person("ada", email="ada@example.org", password=PASSWORD)
    for said in (
        "the address I use is ada@example.org",
        "it is <ADA@example.org>, I think",
        "我的邮箱是 ada@example.org。",
    ):
        page = (await browser.client.get("/users/why", params={"q": said})).text
        assert f'href="/users/{ada.id}"' in page, said
        assert "Nobody has “" not in page
    page = (await browser.client.get("/users/why", params={"q": "I use ada@exmaple.org."})).text
    assert "another domain: ada@example.org" in page


@pytest.mark.parametrize("said", ["%", "_", "a" * 1_000, "<b>x</b>", "\\", "'; --", "é" * 60, "@", "a@b@c"])
async def test_whatever_is_said_is_literal(world: World, signed_in: SignedIn, said: str) -> None:
    browser = await signed_in()
    await world.person("ada", email="ada@example.org")
    answer = await browser.client.get("/users/why", params={"q": said})
    assert answer.status_code == 200
    assert "<b>x" not in answer.text
    assert (await browser.client.get("/users/why", params={"q": "a" * 50_000})).status_code == 422
