"""Signing in, staying signed in, and what ends it."""

from contextlib import closing

import pytest
from argon2 import PasswordHasher

from tests.slow_passwords import SlowPasswords
from tests.world import PASSWORD, World
from webapp.audit.models import AuditEntry
from webapp.sessions.models import Session
from webapp.users.models import User, UserState


async def test_the_right_password_begins_a_session(world: World) -> None:
    await world.person("alice", password=PASSWORD)
    browser = world.browser()
    response = await browser.sign_in("alice", PASSWORD)
    assert response.headers["location"] == "/"
    account = await browser.get("/account")
    assert account.status_code == 200
    assert "alice" in account.text
    assert account.headers["cache-control"] == "no-store"


async def test_the_address_signs_in_as_well_as_the_username(world: World) -> None:
    await world.person("alice", email="Alice@Example.org", password=PASSWORD)
    await world.browser().sign_in("alice@example.ORG", PASSWORD)


async def test_unknown_wrong_and_disabled_are_answered_alike(world: World) -> None:
    await world.person("alice", password=PASSWORD)
    await world.person("bob", password=PASSWORD)
    await User.filter(username="bob").update(state=UserState.DISABLED)
    await world.person("carol")
    answers = set()
    for name, password in (("alice", "wrong"), ("bob", PASSWORD), ("nobody", PASSWORD), ("carol", PASSWORD)):
        response = await world.browser().post("/sign-in", {"identifier": name, "password": password})
        answers.add((response.status_code, response.text.replace(name, "NAME")))
    assert len(answers) == 1
    assert answers.pop()[0] == 422


async def test_a_hash_that_no_library_computes_is_answered_like_any_other(world: World) -> None:
    await world.person("alice", password=PASSWORD)
    for name, stored in (
        ("bob", f"$2b$04$abcdefghijklmnopqrstu9{'.' * 31}"),
        ("carol", f"scrypt$65536$salt$1$1${'A' * 43}="),
    ):
        await world.person(name)
        await User.filter(username=name).update(password_hash=stored)
    answers = set()
    for name in ("alice", "bob", "carol", "nobody"):
        response = await world.browser().post("/sign-in", {"identifier": name, "password": "wrong"})
        answers.add((response.status_code, response.text.replace(name, "NAME")))
    assert {status for status, _ in answers} == {422}
    assert len(answers) == 1


async def test_the_cookie_is_a_new_one_at_each_sign_in_and_the_old_session_ends(world: World) -> None:
    await world.person("alice", password=PASSWORD)
    browser = world.browser()
    await browser.sign_in("alice", PASSWORD)
    first = browser.client.cookies["postern_session"]
    await browser.sign_in("alice", PASSWORD)
    assert browser.client.cookies["postern_session"] != first
    assert await Session.all().count() == 1


async def test_only_a_digest_of_the_cookie_is_stored(world: World) -> None:
    await world.person("alice", password=PASSWORD)
    browser = world.browser()
    await browser.sign_in("alice", PASSWORD)
    session = await Session.get()
    assert browser.client.cookies["postern_session"] not in repr(vars(session))


async def test_a_session_ends_when_idle(world: World) -> None:
    await world.person("alice", password=PASSWORD)
    browser = world.browser()
    await browser.sign_in("alice", PASSWORD)
    world.clock.advance(minutes=29)
    assert (await browser.get("/account")).status_code == 200
    world.clock.advance(minutes=29)
    assert (await browser.get("/account")).status_code == 200
    world.clock.advance(minutes=31)
    response = await browser.get("/account?tab=1")
    assert response.status_code == 303
    assert response.headers["location"] == "/sign-in?next=%2Faccount%3Ftab%3D1"


async def test_a_session_ends_after_twelve_hours_however_busy(world: World) -> None:
    await world.person("alice", password=PASSWORD)
    browser = world.browser()
    await browser.sign_in("alice", PASSWORD)
    for _ in range(36):
        world.clock.advance(minutes=20)
        assert (await browser.get("/account")).status_code == 200
    world.clock.advance(minutes=1)
    assert (await browser.get("/account")).status_code == 303


async def test_signing_out_ends_the_session_for_a_replayed_cookie_too(world: World) -> None:
    await world.person("alice", password=PASSWORD)
    browser = world.browser()
    await browser.sign_in("alice", PASSWORD)
    cookie = browser.client.cookies["postern_session"]
    response = await browser.post("/sign-out")
    assert response.headers["location"] == "/sign-in"
    assert "You are signed out." in (await browser.get("/sign-in")).text
    replaying = world.browser()
    replaying.client.cookies.set("postern_session", cookie)
    assert (await replaying.get("/account")).status_code == 303


async def test_signing_out_by_get_does_nothing(world: World) -> None:
    await world.person("alice", password=PASSWORD)
    browser = world.browser()
    await browser.sign_in("alice", PASSWORD)
    assert (await browser.get("/sign-out")).status_code == 405
    assert (await browser.get("/account")).status_code == 200


async def test_a_disabled_account_is_out_at_the_next_request(world: World) -> None:
    await world.person("alice", password=PASSWORD)
    browser = world.browser()
    await browser.sign_in("alice", PASSWORD)
    await User.filter(username="alice").update(state=UserState.DISABLED)
    assert (await browser.get("/account")).status_code == 303


async def test_after_sign_in_one_is_where_one_wanted_to_go(world: World) -> None:
    await world.person("alice", password=PASSWORD)
    browser = world.browser()
    page = await browser.get("/sign-in?next=%2Faccount%2Fpassword")
    fields = {"identifier": "alice", "password": PASSWORD, "next": browser.hidden(page, "next")}
    assert (await browser.post("/sign-in", fields)).headers["location"] == "/account/password"


async def test_a_session_that_ended_is_asked_for_by_htmx_without_losing_the_page(world: World) -> None:
    browser = world.browser()
    response = await browser.htmx_get("/users?q=al", shown="/users?q=al")
    assert response.status_code == 401
    assert response.headers["hx-redirect"] == "/sign-in?next=%2Fusers%3Fq%3Dal"
    posted = await browser.htmx_post("/mail-server", {"host": "x"}, shown="/mail-server")
    assert posted.status_code == 401
    assert posted.headers["hx-reswap"] == "none"
    assert "Your session has ended" in posted.text
    assert "<html" not in posted.text


async def test_sign_ins_per_network_are_counted_exactly(world: World) -> None:
    browser = world.browser(address="198.51.100.7")
    codes = [(await browser.post("/sign-in", {"identifier": f"n{i}", "password": "x"})).status_code for i in range(31)]
    assert codes[:30] == [422] * 30
    assert codes[30] == 429
    other = world.browser(address="198.51.100.8")
    assert (await other.post("/sign-in", {"identifier": "n", "password": "x"})).status_code == 422


async def test_passwords_for_one_name_are_counted_for_unknown_names_too(world: World) -> None:
    await world.person("alice", password=PASSWORD)
    for name in ("alice", "nobody"):
        browser = world.browser(address="198.51.100.7")
        codes = [(await browser.post("/sign-in", {"identifier": name, "password": "x"})).status_code for _ in range(11)]
        assert codes == [422] * 10 + [429]


async def test_spelling_a_name_otherwise_gives_no_further_tries(world: World) -> None:
    browser = world.browser(address="198.51.100.7")
    names = ["user2", "ｕser2", "USER2", "𝐮ser2"]
    codes = [
        (await browser.post("/sign-in", {"identifier": names[i % 4], "password": "x"})).status_code for i in range(11)
    ]
    assert codes == [422] * 10 + [429]


async def test_one_ipv6_network_is_one_client(world: World) -> None:
    codes = []
    for i in range(31):
        browser = world.browser(address=f"2001:db8:1:2::{i + 1:x}")
        response = await browser.post("/sign-in", {"identifier": f"n{i}", "password": "x"})
        codes.append(response.status_code)
    assert codes[-1] == 429


async def test_an_old_hash_is_replaced_at_sign_in_without_ending_sessions(world: World) -> None:
    weak = PasswordHasher(time_cost=1, memory_cost=8192, parallelism=1).hash(PASSWORD)
    user = await world.person("alice")
    await User.filter(id=user.id).update(password_hash=weak)
    first = world.browser()
    await first.sign_in("alice", PASSWORD)
    user = await User.get(id=user.id)
    assert user.password_hash != weak
    assert user.password_hash is not None
    assert (await first.get("/account")).status_code == 200


async def test_more_sessions_than_allowed_push_the_oldest_out(world: World) -> None:
    await world.person("alice", password=PASSWORD)
    browsers = [world.browser(address=f"198.51.100.{i}") for i in range(21)]
    for browser in browsers:
        await browser.sign_in("alice", PASSWORD)
        world.clock.advance(seconds=1)
    assert await Session.all().count() == 20
    assert (await browsers[0].get("/account")).status_code == 303
    assert (await browsers[1].get("/account")).status_code == 200


@pytest.mark.parametrize(
    "change", [{"credentials_version": 2}, {"state": UserState.DISABLED}, {"must_change": True}], ids=str
)
async def test_what_happens_while_the_password_is_compared_counts(world: World, change: dict[str, object]) -> None:
    await world.person("alice", password=PASSWORD)

    async def meanwhile() -> None:
        await User.filter(username="alice").update(**change)

    fields = {"identifier": "alice", "password": PASSWORD}
    with closing(SlowPasswords(meanwhile, at="verify")) as passwords:
        world.state["passwords"] = passwords
        answer = await world.browser().post("/sign-in", fields)
    if "must_change" in change:
        assert answer.headers["location"] == "/account/password"
        return
    assert (answer.status_code, await Session.exists()) == (422, False)
    assert "Username or password is not right." in answer.text
    assert await AuditEntry.filter(action="session:refused").count() == 1
