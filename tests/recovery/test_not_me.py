"""This was not me: the link in notices that shuts an account, and what it takes to open it again."""

import asyncio
import re
from dataclasses import dataclass

import pytest

from tests.postal import NEW_PASSWORD, ask, html_of, link_in, open_link, post, set_password, text_of, use_server
from tests.smtp_server import Received, SmtpServer, smtp_server
from tests.world import PASSWORD, Browser, World, hash_of
from webapp.audit.models import AuditEntry
from webapp.audit.record import COMMAND_LINE
from webapp.outbox.models import Letter, LetterState
from webapp.principal import Role
from webapp.recovery.break_glass import Made, make_link
from webapp.recovery.models import RecoveryRequest, RequestOutcome
from webapp.recovery.not_me.freeze import Frozen, freeze
from webapp.recovery.not_me.link import Spent, mint
from webapp.users.models import User
from webapp.users.set_password import Change, change_password

NOT_ME = re.compile(r"http://localhost:8000(/not-me/\S+)")

ANOTHER = "seven green umbrellas"


def not_me_in(letter: Received) -> str:
    found = NOT_ME.search(text_of(letter))
    assert found, text_of(letter)
    return found.group(1)


async def person_in(browser: Browser, user: User) -> str:
    return (await browser.get(f"/users/{user.id}")).text


@dataclass
class Case:
    """Alice, whose password an administrator has just changed, and the letter that says so."""

    admin: Browser
    alice: User
    link: str


async def changed_password(world: World, server: SmtpServer) -> Case:
    admin = await world.admin()
    alice = await world.person("alice", email="alice@example.org", password=PASSWORD)
    await use_server(world, server)
    await admin.post(f"/users/{alice.id}/password", {"new_password": NEW_PASSWORD})
    await post(world)
    return Case(admin, alice, not_me_in(await server.next_letter()))


async def next_to_alice(server: SmtpServer) -> Received:
    async with asyncio.timeout(10):
        while (letter := await server.next_letter()).recipients != ["alice@example.org"]:
            pass
    return letter


async def test_looking_says_what_will_happen_and_changes_nothing(world: World) -> None:
    async with smtp_server() as server:
        case = await changed_password(world, server)
    browser = world.browser()
    for _ in range(3):
        page = await browser.get(case.link)
        assert page.status_code == 200
        assert "a***e" in page.text
        assert "alice" not in page.text
        assert "Freeze the account" in page.text
    assert (await browser.client.head(case.link)).status_code == 200
    assert (await User.get(id=case.alice.id)).frozen_at is None
    await world.browser().sign_in("alice", NEW_PASSWORD)
    letter = await Letter.get(kind="password_changed")
    assert letter.link_fetched_at is not None
    assert letter.link_used_at is None
    assert letter.link_ends_at is not None
    assert (letter.link_ends_at - world.clock()).days == 7


async def test_confirming_shuts_everything_and_tells_the_administrators(world: World) -> None:
    async with smtp_server() as server:
        case = await changed_password(world, server)
        inside = world.browser()
        await inside.sign_in("alice", NEW_PASSWORD)
        await ask(world, "alice")
        await post(world)
        sent_before = link_in(await server.next_letter())
        done = await world.browser().post(case.link)
        assert done.status_code == 200
        assert "The account is frozen" in done.text
        assert "The administrators have been told" in done.text
        assert (await inside.get("/account")).status_code == 303
        assert (await world.browser().get(sent_before)).status_code == 410
        world.clock.advance(minutes=5)
        await ask(world, "alice")
        await post(world)
        told = await server.next_letter()
        assert told.recipients == ["root@example.org"]
        assert "alice is frozen" in str(told.message["Subject"])
        assert f"http://localhost:8000/users/{case.alice.id}" in text_of(told)
        assert len(server.letters) == 3
    outcome = (await RecoveryRequest.all().order_by("-id").first()).outcome  # type: ignore[union-attr]
    assert outcome is RequestOutcome.FROZEN
    entry = await AuditEntry.get(action="user:frozen")
    assert (entry.actor, entry.subject, entry.subject_id) == ("holder of a not-me link", "alice", case.alice.id)
    assert (await Letter.get(kind="password_changed")).link_used_at is not None


async def test_a_frozen_account_is_refused_like_a_wrong_password(world: World) -> None:
    await world.person("alice", email="alice@example.org", password=PASSWORD)
    await world.person("bob", password=PASSWORD)
    await User.filter(username="alice").update(frozen_at=world.clock())
    answers = set()
    for name, password in (("alice", PASSWORD), ("bob", "wrong")):
        response = await world.browser().post("/sign-in", {"identifier": name, "password": password})
        answers.add((response.status_code, response.text.replace(name, "NAME")))
    assert len(answers) == 1
    assert answers.pop()[0] == 422


async def test_letters_that_wait_are_cancelled_with_the_reason(world: World) -> None:
    async with smtp_server() as server:
        case = await changed_password(world, server)
    await case.admin.post(f"/users/{case.alice.id}/reset-link")
    await world.browser().post(case.link)
    letter = await Letter.get(kind="reset_link")
    assert (letter.state, letter.reason) == (LetterState.CANCELLED, "account_frozen")
    page = await case.admin.get(f"/mail-log/{letter.id}")
    assert "The account was frozen before the letter could be sent." in page.text


async def test_a_letter_on_lease_finds_the_account_frozen_when_it_is_written(world: World) -> None:
    async with smtp_server() as server:
        case = await changed_password(world, server)
        await case.admin.post(f"/users/{case.alice.id}/reset-link")
        await Letter.filter(kind="reset_link").update(lease_ends_at_ms=1)  # of a worker that died
        await world.browser().post(case.link)
        assert (await Letter.get(kind="reset_link")).state is LetterState.QUEUED
        await post(world)
    letter = await Letter.get(kind="reset_link")
    assert (letter.state, letter.reason) == (LetterState.CANCELLED, "account_frozen")


async def test_an_administrator_sees_it_everywhere_and_thaws_it(world: World) -> None:
    async with smtp_server() as server:
        case = await changed_password(world, server)
    assert "An account is frozen" not in (await case.admin.get("/mail-log")).text
    await world.browser().post(case.link)
    assert "An account is frozen" in (await case.admin.get("/audit")).text
    found = await case.admin.get("/users?status=frozen")
    assert "alice" in found.text
    assert "1 user<" in found.text
    page = await person_in(case.admin, case.alice)
    assert "the account is frozen, because its holder said" in page
    assert "Not while the account is frozen" in page
    refused = await case.admin.post(f"/users/{case.alice.id}/reset-link")
    assert refused.status_code == 409
    assert "Thaw it first" in refused.text
    thawed = await case.admin.htmx_post(f"/users/{case.alice.id}/state", {"state": "thawed"})
    assert thawed.status_code == 200
    assert "Set a new password now" in thawed.text
    assert "Thaw account" not in thawed.text
    assert await AuditEntry.filter(action="user:thawed", actor="root", subject="alice").count() == 1
    await world.browser().sign_in("alice", NEW_PASSWORD)
    assert "An account is frozen" not in (await case.admin.get("/audit")).text
    # Once more does nothing, and is not recorded.
    await case.admin.post(f"/users/{case.alice.id}/state", {"state": "thawed"})
    assert await AuditEntry.filter(action="user:thawed").count() == 1


async def test_a_password_that_an_administrator_sets_does_not_thaw(world: World) -> None:
    async with smtp_server() as server:
        case = await changed_password(world, server)
    await world.browser().post(case.link)
    await case.admin.post(f"/users/{case.alice.id}/password", {"new_password": ANOTHER})
    answer = await world.browser().post("/sign-in", {"identifier": "alice", "password": ANOTHER})
    assert answer.status_code == 422
    await case.admin.post(f"/users/{case.alice.id}/state", {"state": "thawed"})
    await world.browser().sign_in("alice", ANOTHER)


async def test_after_a_thaw_the_same_link_does_nothing(world: World) -> None:
    async with smtp_server() as server:
        case = await changed_password(world, server)
    assert (await world.browser().post(case.link)).status_code == 200
    assert (await world.browser().get(case.link)).status_code == 410
    await case.admin.post(f"/users/{case.alice.id}/state", {"state": "thawed"})
    assert (await world.browser().get(case.link)).status_code == 410
    assert (await world.browser().post(case.link)).status_code == 410
    assert (await User.get(id=case.alice.id)).frozen_at is None


async def test_after_a_thaw_the_links_of_letters_from_before_do_nothing_and_later_ones_do(world: World) -> None:
    async with smtp_server() as server:
        case = await changed_password(world, server)
        await case.admin.post(f"/users/{case.alice.id}/password", {"new_password": ANOTHER})
        await post(world)
        second = not_me_in(await server.next_letter())
        await world.browser().post(case.link)
        await world.wait(seconds=1)
        await case.admin.post(f"/users/{case.alice.id}/state", {"state": "thawed"})
        for send in (world.browser().get, world.browser().post):
            assert (await send(second)).status_code == 410
        assert (await User.get(id=case.alice.id)).frozen_at is None
        await world.wait(minutes=1)
        await case.admin.post(f"/users/{case.alice.id}/password", {"new_password": NEW_PASSWORD})
        await post(world)
        letter = await next_to_alice(server)
        third = not_me_in(letter)
    assert (await world.browser().post(third)).status_code == 200
    assert (await User.get(id=case.alice.id)).frozen_at is not None


async def test_the_letter_of_what_thawed_the_account_has_a_link_that_works(world: World) -> None:
    async with smtp_server() as server:
        case = await changed_password(world, server)
        await world.browser().post(case.link)
        change = Change(
            user_id=case.alice.id, password_hash=await hash_of(ANOTHER), action="user:set_password", thaws=True
        )
        assert await change_password(change, actor=COMMAND_LINE, now=world.clock())
        assert (await User.get(id=case.alice.id)).frozen_at is None
        await post(world)
        letter = await next_to_alice(server)
    assert (await world.browser().post(not_me_in(letter))).status_code == 200
    assert (await User.get(id=case.alice.id)).frozen_at is not None


async def test_a_second_notices_link_says_that_it_is_frozen_already(world: World) -> None:
    async with smtp_server() as server:
        case = await changed_password(world, server)
        await case.admin.post(f"/users/{case.alice.id}/password", {"new_password": ANOTHER})
        await post(world)
        second = not_me_in(await server.next_letter())
    await world.browser().post(case.link)
    assert "The account is frozen already." in (await world.browser().get(second)).text
    assert (await world.browser().post(second)).status_code == 200
    assert await AuditEntry.filter(action="user:frozen").count() == 1
    assert await Letter.filter(kind="account_frozen").count() == 1


async def test_the_link_works_for_a_week_whatever_has_changed_since(world: World) -> None:
    async with smtp_server() as server:
        case = await changed_password(world, server)
    await case.admin.post(f"/users/{case.alice.id}/password", {"new_password": PASSWORD})
    world.clock.advance(days=6, hours=23)
    assert (await world.browser().get(case.link)).status_code == 200
    world.clock.advance(hours=2)
    gone = await world.browser().get(case.link)
    assert gone.status_code == 410
    assert "7 days" in gone.text
    assert (await world.browser().post(case.link)).status_code == 410
    assert (await User.get(id=case.alice.id)).frozen_at is None


async def test_of_many_confirmations_at_once_one_counts(world: World) -> None:
    async with smtp_server() as server:
        case = await changed_password(world, server)
    token = case.link.removeprefix("/not-me/")
    links, now = world.kit.links, world.clock()
    outcomes = await asyncio.gather(
        *(freeze(token, links=links, network="198.51.100.7", now=now, language="en") for _ in range(8))
    )
    assert outcomes.count(Frozen(others=True)) == 1
    assert outcomes.count(Spent()) == 7
    assert await AuditEntry.filter(action="user:frozen").count() == 1
    assert (await User.get(id=case.alice.id)).recovery_version == case.alice.recovery_version + 2


async def test_confirmations_are_throttled_by_network(world: World) -> None:
    browser = world.browser(address="198.51.100.7")
    codes = [(await browser.post("/not-me/nothing")).status_code for _ in range(21)]
    assert codes == [410] * 20 + [429]


async def test_a_letter_or_a_person_that_is_gone_leaves_nothing_to_freeze(world: World) -> None:
    alice = await world.person("alice", email="alice@example.org")
    links = world.kit.links
    for user_id, letter_id in ((alice.id, 1), (alice.id, 0), (2**62, 1), (2**63, 1), (alice.id, 2**63)):
        token = mint(links, user_id=user_id, letter_id=letter_id)
        assert (await world.browser().get(f"/not-me/{token}")).status_code == 410


async def test_both_addresses_are_told_of_a_correction_and_the_former_one_may_object(world: World) -> None:
    admin = await world.admin()
    alice = await world.person("alice", email="old@example.org", password=PASSWORD)
    await User.filter(id=alice.id).update(language="zh_Hans")
    async with smtp_server() as server:
        await use_server(world, server)
        fields = {"email": "new@example.org", "display_name": "", "version": "1"}
        assert (await admin.post(f"/users/{alice.id}", fields)).status_code == 303
        assert world.woken.is_set()
        await post(world)
        letters = {each.recipients[0]: each for each in (await server.next_letter(), await server.next_letter())}
    former, new = letters["old@example.org"], letters["new@example.org"]
    assert {each.message["Content-Language"] for each in (former, new)} == {"zh-Hans"}
    for letter, other in ((former, "new@example.org"), (new, "old@example.org")):
        assert other not in text_of(letter) + html_of(letter)
    assert "/not-me/" not in text_of(new)
    assert (await world.browser().post(not_me_in(former))).status_code == 200
    assert (await User.get(id=alice.id)).frozen_at is not None


@pytest.mark.parametrize(("before", "after"), [("", "new@example.org"), ("old@example.org", "")])
async def test_an_address_that_comes_or_goes_is_told_alone(world: World, before: str, after: str) -> None:
    admin = await world.admin()
    alice = await world.person("alice", email=before or None)
    await admin.post(f"/users/{alice.id}", {"email": after, "display_name": "", "version": "1"})
    assert [each.recipient for each in await Letter.filter(kind="address_changed")] == [before or after]


async def test_a_correction_of_the_name_alone_tells_nobody(world: World) -> None:
    admin = await world.admin()
    alice = await world.person("alice", email="old@example.org")
    await admin.post(f"/users/{alice.id}", {"email": "old@example.org", "display_name": "Alice", "version": "1"})
    assert not await Letter.filter(kind="address_changed").exists()


async def test_a_notice_to_somebody_who_is_gone_is_not_sent(world: World) -> None:
    alice = await world.person("alice", email="alice@example.org")
    async with smtp_server() as server:
        await use_server(world, server)
        for kind in ("password_changed", "address_changed", "invitation"):
            await Letter.create(
                kind=kind,
                recipient="alice@example.org",
                language="en",
                created_at=world.clock(),
                due_at=world.clock(),
            )
        await User.filter(id=alice.id).delete()
        await post(world)
        assert server.letters == []
    assert {each.reason for each in await Letter.all()} == {"no_such_account"}


async def test_the_last_administrators_way_back_is_on_the_machine(world: World) -> None:
    admin = await world.admin()
    root = await User.get(username="root")
    other = await world.person("other", role=Role.ADMIN)  # without a password, and so no help
    async with smtp_server() as server:
        await use_server(world, server)
        fields = {"current_password": PASSWORD, "new_password": NEW_PASSWORD}
        await admin.post("/account/password", fields)
        await post(world)
        link = not_me_in(await server.next_letter())
        done = await world.browser().post(link)
        assert "postern users recovery-link" in done.text
        await post(world)
        assert len(server.letters) == 1
    assert (await admin.get("/account")).status_code == 303
    made = await make_link(root.id, links=world.kit.links, actor=COMMAND_LINE, now=world.clock())
    assert isinstance(made, Made)
    # Until it is used, the account stays shut: the password may be the one that somebody else has set.
    assert (await User.get(id=root.id)).frozen_at is not None
    browser = world.browser()
    assert await set_password(browser, await open_link(browser, made.path), ANOTHER) == 303
    assert (await User.get(id=root.id)).frozen_at is None
    assert await AuditEntry.filter(action="user:thawed", subject="root").count() == 1
    await world.browser().sign_in("root", ANOTHER)
    assert (await User.get(id=other.id)).frozen_at is None


async def test_a_frozen_administrator_does_not_count_as_one_who_can_sign_in(world: World) -> None:
    admin = await world.admin()
    second = await world.person("second", email="second@example.org", password=PASSWORD, role=Role.ADMIN)
    await User.filter(username="root").update(frozen_at=world.clock())
    browser = world.browser()
    await browser.sign_in("second", PASSWORD)
    root = await User.get(username="root")
    assert (await browser.post(f"/users/{root.id}/state", {"state": "disabled"})).status_code == 303
    await browser.post(f"/users/{root.id}/state", {"state": "active"})
    fields = {"email": "second@example.org", "display_name": "", "role": "user", "version": str(second.version)}
    assert (await browser.post(f"/users/{second.id}", fields)).status_code == 422
    assert (await admin.get("/account")).status_code == 303


async def test_helpdesk_does_not_thaw_an_administrator(world: World) -> None:
    await world.person("desk", password=PASSWORD, role=Role.HELPDESK)
    root = await world.person("root", password=PASSWORD, role=Role.ADMIN)
    await User.filter(id=root.id).update(frozen_at=world.clock())
    desk = world.browser()
    await desk.sign_in("desk", PASSWORD)
    assert (await desk.post(f"/users/{root.id}/state", {"state": "thawed"})).status_code == 403
    assert (await User.get(id=root.id)).frozen_at is not None


async def test_a_reset_link_that_is_alive_opens_no_frozen_account(world: World) -> None:
    alice = await world.person("alice", email="alice@example.org")
    async with smtp_server() as server:
        await use_server(world, server)
        await ask(world, "alice")
        await post(world)
        link = link_in(await server.next_letter())
    browser = world.browser()
    fingerprint = await open_link(browser, link)
    # However it came to be frozen: the version in the link is still the right one.
    await User.filter(id=alice.id).update(frozen_at=world.clock())
    assert (await world.browser().get(link)).status_code == 410
    assert await set_password(browser, fingerprint) == 410


async def test_an_administrator_without_an_address_is_told_by_the_banner_alone(world: World) -> None:
    await world.person("mute", password=PASSWORD, role=Role.ADMIN)
    async with smtp_server() as server:
        case = await changed_password(world, server)
        assert (await world.browser().post(case.link)).status_code == 200
    assert [each.recipient for each in await Letter.filter(kind="account_frozen")] == ["root@example.org"]
    mute = world.browser()
    await mute.sign_in("mute", PASSWORD)
    assert "An account is frozen" in (await mute.get("/users")).text
