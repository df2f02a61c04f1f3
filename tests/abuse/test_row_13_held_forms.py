"""A form that is held back, or under way, does nothing more once its session has ended or its sender was demoted."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import closing
from typing import Any
from urllib.parse import urlencode

import httpx2
import pytest

from tests.sessions.factors.having import with_app
from tests.slow_passwords import SlowPasswords
from tests.world import PASSWORD, Browser, World
from webapp.account.address.ask import NewAddress, NotAsked, ask
from webapp.audit.record import Actor
from webapp.principal import Principal, Role
from webapp.sessions.change_password import Changed, NotChanged, change_own_password
from webapp.sessions.factors import held
from webapp.sessions.models import Factor, Session
from webapp.sessions.session import Client
from webapp.users.models import User

NEW = "violet harbour seven lanterns"
BY = Actor("alice")
Meanwhile = Callable[[], Awaitable[object]]


async def send_late(
    browser: Browser, path: str, fields: Mapping[str, str], meanwhile: Meanwhile, **headers: str
) -> httpx2.Response:
    """Send a form but for its last byte, which follows what happens meanwhile."""
    body = urlencode(fields).encode()

    async def parts() -> AsyncIterator[bytes]:
        yield body[:-1]
        await meanwhile()
        yield body[-1:]

    sent = {
        "Sec-Fetch-Site": "same-origin",
        "Content-Type": "application/x-www-form-urlencoded",
        "Content-Length": str(len(body)),
        **headers,
    }
    return await browser.client.post(path, content=parts(), headers=sent)


@pytest.mark.parametrize("how", ["disabled", "demoted", "signed out", "given a password", "silently demoted"])
async def test_an_administrator_who_is_one_no_more_creates_nobody(world: World, how: str) -> None:
    root = await world.admin()
    other = await world.person("other", email="other@example.org", password=PASSWORD, role=Role.ADMIN)
    browser = await world.entered("other")
    acts: dict[str, tuple[str, dict[str, Any]]] = {
        "disabled": (f"/users/{other.id}/state", {"state": "disabled"}),
        "demoted": (f"/users/{other.id}", {"email": other.email, "role": "user", "version": str(other.version)}),
        "signed out": (f"/users/{other.id}/sessions", {}),
        "given a password": (f"/users/{other.id}/password", {"new_password": NEW}),
    }

    async def meanwhile() -> None:
        if how in acts:
            assert (await root.post(*acts[how])).status_code == 303
        else:
            await User.filter(id=other.id).update(role=Role.HELPDESK)

    fields = {"username": "backdoor", "role": "admin"}
    answer = await send_late(browser, "/users", fields, meanwhile)
    assert answer.status_code == (409 if how == "silently demoted" else 401), answer.text
    assert not await User.filter(username="backdoor").exists()
    if answer.status_code == 401:
        # Without scripts as well: what was typed is carried forward to whoever signs in again.
        assert "backdoor" in answer.text


async def test_a_page_with_scripts_asks_in_a_dialog(world: World) -> None:
    browser = await world.admin()
    answer = await send_late(
        browser,
        "/users",
        {"username": "ada"},
        lambda: Session.all().delete(),
        **{"HX-Request": "true", "HX-Request-Type": "partial"},
    )
    assert (answer.status_code, answer.headers["hx-reswap"]) == (401, "none")
    assert "<dialog" in answer.text


async def test_whoever_has_to_change_the_password_meanwhile_does_that_first(world: World) -> None:
    browser = await world.admin()
    answer = await send_late(browser, "/users", {"username": "ada"}, lambda: User.all().update(must_change=True))
    assert (answer.status_code, answer.headers["location"]) == (303, "/account/password")
    assert not await User.filter(username="ada").exists()


async def test_what_nothing_happens_to_is_done(world: World) -> None:
    browser = await world.admin()
    answer = await send_late(browser, "/users", {"username": "ada", "role": "user"}, lambda: User.all().count())
    assert answer.status_code == 303
    assert await User.filter(username="ada").exists()


async def test_a_person_who_has_risen_meanwhile_is_beyond_helpdesk(world: World) -> None:
    await world.person("desk", password=PASSWORD, role=Role.HELPDESK)
    ada = await world.person("ada", email="ada@example.org", password=PASSWORD)
    desk = await world.entered("desk")

    async def risen() -> None:
        await User.filter(id=ada.id).update(role=Role.ADMIN)

    for path, fields in (("reset-link", {"address": "ada@example.org"}), ("sessions", {"session": ""})):
        await User.filter(id=ada.id).update(role=Role.USER)
        assert (await send_late(desk, f"/users/{ada.id}/{path}", fields, risen)).status_code == 403, path


async def thief(world: World) -> Principal:
    """Somebody who knows Alice's password, signed in."""
    await world.person("alice", email="alice@example.org", password=PASSWORD)
    browser = await world.entered("alice")
    principal = await world.state["authenticate"](browser.client.cookies["postern_session"])
    assert principal
    return principal


async def change_slowly(world: World, principal: Principal, meanwhile: Meanwhile) -> Changed | NotChanged:
    """Change the password, while something happens as it is hashed."""
    with closing(SlowPasswords(meanwhile, at="hash")) as passwords:
        return await change_own_password(
            principal,
            PASSWORD,
            NEW,
            policy=await world.kit.policy(),
            passwords=passwords,
            client=Client("192.0.2.7", "curl"),
            browser="",
            now=world.clock(),
        )


async def test_the_first_factor_shuts_out_a_change_of_password_that_is_under_way(world: World) -> None:
    principal = await thief(world)

    async def meanwhile() -> None:
        await with_app(world, "alice")

    assert isinstance(await change_slowly(world, principal, meanwhile), NotChanged)
    owner = await User.get(username="alice")
    assert owner.second_factor
    await world.browser().sign_in("alice", PASSWORD)


async def test_it_shuts_out_another_address_too(world: World) -> None:
    principal = await thief(world)

    async def meanwhile() -> None:
        await with_app(world, "alice")

    wanted = NewAddress(email="thief@example.org", current_password=PASSWORD)
    with closing(SlowPasswords(meanwhile, at="verify")) as passwords:
        outcome = await ask(principal, wanted, passwords=passwords, actor=BY, language="en", now=world.clock())
    assert isinstance(outcome, NotAsked)
    assert (await User.get(username="alice")).pending_email is None


async def test_it_shuts_out_what_was_to_be_done_to_it(world: World) -> None:
    principal = await thief(world)
    await with_app(world, "alice")
    factor, now, vault = await Factor.get(), world.clock(), world.kit.vault
    ended: dict[str, Any] = {"session_id": principal.session_id, "actor": BY, "now": now}
    assert not await held.remove(principal.user_id, factor.id, **ended)
    assert await held.new_codes(principal.user_id, vault=vault, **ended) == ()
    ended["session_id"] = (await Session.get()).id
    assert len(await held.new_codes(principal.user_id, vault=vault, **ended)) == 10
    await User.filter(id=principal.user_id).update(frozen_at=now)
    assert not await held.remove(principal.user_id, factor.id, **ended)
    await User.filter(id=principal.user_id).update(frozen_at=None)
    assert await held.remove(principal.user_id, factor.id, **ended)


async def test_signing_out_the_others_ends_a_change_that_is_under_way(world: World) -> None:
    principal = await thief(world)
    owner = await world.entered("alice")

    async def meanwhile() -> None:
        assert (await owner.post("/account/sessions", {"which": "others"})).status_code == 303

    assert isinstance(await change_slowly(world, principal, meanwhile), NotChanged)
    assert (await owner.get("/account")).status_code == 200


async def test_whoever_is_shut_out_while_passwords_are_hashed_creates_nobody(world: World) -> None:
    root = await world.admin()
    other = await world.person("other", email="other@example.org", password=PASSWORD, role=Role.ADMIN)
    ada = await world.person("ada")
    forms = {
        "/users/new/several": {"people": "bd1\nbd2", "role": "admin", "way_in": "generate"},
        "/users": {"username": "bd3", "role": "admin", "generate": "on"},
        f"/users/{ada.id}/password": {"new_password": NEW},
    }

    async def meanwhile() -> None:
        await root.post(f"/users/{other.id}/state", {"state": "disabled"})

    for path, fields in forms.items():
        await User.filter(id=other.id).update(state="active")
        browser, fast = await world.entered("other"), world.state["passwords"]
        with closing(SlowPasswords(meanwhile, at="hash")) as passwords:
            world.state["passwords"] = passwords
            answer = await browser.post(path, fields)
        world.state["passwords"] = fast
        assert answer.status_code == 401, path
        assert not await User.filter(username__startswith="bd").exists(), path
    assert (await User.get(id=ada.id)).password_hash is None
