"""An invitation works once, and not at all once it was withdrawn or something has taken its place."""

import asyncio

import pytest

from tests.postal import NEW_PASSWORD, ask, link_in, open_link, post, set_password, use_server
from tests.recovery.test_invitations import follow, invited
from tests.smtp_server import smtp_server
from tests.world import PASSWORD, World
from webapp.audit.models import AuditEntry
from webapp.outbox.models import Letter, LetterState
from webapp.users.models import User


async def test_an_invitation_that_was_used_opens_nothing_more(world: World) -> None:
    admin = await world.admin()
    ada = await world.person("ada", email="ada@example.org")
    async with smtp_server() as server:
        await use_server(world, server)
        link = await invited(world, server, admin, ada)
    browsers = [world.browser(address=f"198.51.100.{number}") for number in range(6)]
    fingerprints = [await follow(each, link) for each in browsers]
    answers = await asyncio.gather(
        *(
            browser.post("/invitations/new", {"new_password": f"{NEW_PASSWORD} {number}", "link": fingerprint})
            for number, (browser, fingerprint) in enumerate(zip(browsers, fingerprints, strict=True))
        )
    )
    assert sorted(each.status_code for each in answers) == [303, *[410] * 5]
    assert (await world.browser().get(link)).status_code == 410
    assert await AuditEntry.filter(action="user:accepted_invitation").count() == 1


async def test_a_withdrawn_invitation_opens_nothing_not_even_a_form_that_was_open(world: World) -> None:
    admin = await world.admin()
    ada = await world.person("ada", email="ada@example.org")
    async with smtp_server() as server:
        await use_server(world, server)
        link = await invited(world, server, admin, ada)
    browser = world.browser()
    fingerprint = await follow(browser, link)
    answer = await admin.htmx_post(f"/users/{ada.id}/invitation", {"action": "withdraw"})
    assert answer.status_code == 200
    assert "The invitation is withdrawn." in answer.text
    assert "Withdraw the invitation" not in answer.text
    gone = await world.browser().get(link)
    assert gone.status_code == 410
    assert "withdrawn" in gone.text
    assert (
        await browser.post("/invitations/new", {"new_password": NEW_PASSWORD, "link": fingerprint})
    ).status_code == 410
    assert (await User.get(id=ada.id)).password_hash is None
    assert await AuditEntry.filter(action="user:withdrew_invitation", actor="root", subject="ada").count() == 1


async def test_one_that_was_withdrawn_before_it_was_sent_is_not_sent(world: World) -> None:
    admin = await world.admin()
    ada = await world.person("ada", email="ada@example.org")
    await admin.post(f"/users/{ada.id}/invitation", {"action": "send"})
    await admin.post(f"/users/{ada.id}/invitation", {"action": "withdraw"})
    letter = await Letter.get()
    assert (letter.state, letter.reason) == (LetterState.CANCELLED, "invitation_withdrawn")
    page = (await admin.get(f"/mail-log/{letter.id}")).text
    assert "The invitation was withdrawn before it could be sent." in page


@pytest.mark.parametrize("change", ["password", "address", "disabled", "reset"])
async def test_what_takes_its_place_ends_it(world: World, change: str) -> None:
    admin = await world.admin()
    ada = await world.person("ada", email="ada@example.org")
    async with smtp_server() as server:
        await use_server(world, server)
        link = await invited(world, server, admin, ada)
        if change == "password":
            await admin.post(f"/users/{ada.id}/password", {"new_password": PASSWORD})
        elif change == "address":
            fields = {"email": "other@example.org", "display_name": "", "version": str(ada.version)}
            await admin.post(f"/users/{ada.id}", fields)
        elif change == "disabled":
            await admin.post(f"/users/{ada.id}/state", {"state": "disabled"})
            await admin.post(f"/users/{ada.id}/state", {"state": "active"})
        else:
            await ask(world, "ada")
            await post(world)
            await follow(world.browser(), link)  # asking kills no link
            browser = world.browser()
            assert await set_password(browser, await open_link(browser, link_in(await server.next_letter()))) == 303
    assert (await world.browser().get(link)).status_code == 410


async def test_an_invitation_is_for_the_first_password_alone(world: World) -> None:
    admin = await world.admin()
    ada = await world.person("ada", email="ada@example.org")
    async with smtp_server() as server:
        await use_server(world, server)
        link = await invited(world, server, admin, ada)
    await User.filter(id=ada.id).update(password_hash="$argon2id$x")
    assert (await world.browser().get(link)).status_code == 410
