"""Changing one's own password."""

from datetime import timedelta

from tests.world import PASSWORD, World
from webapp.outbox.models import Letter
from webapp.principal import Role
from webapp.users.models import PasswordHash, User

NEW = "violet harbour seven lanterns"


async def test_other_browsers_are_signed_out_and_this_one_stays(world: World) -> None:
    await world.person("alice", email="alice@example.org", password=PASSWORD)
    here, there = world.browser(), world.browser()
    await here.sign_in("alice", PASSWORD)
    await there.sign_in("alice", PASSWORD)
    response = await here.post("/account/password", {"current_password": PASSWORD, "new_password": NEW})
    assert response.headers["location"] == "/account"
    assert "Your password is changed." in (await here.get("/account")).text
    assert (await there.get("/account")).status_code == 303
    await world.browser().sign_in("alice", NEW)
    letter = await Letter.get(kind="password_changed")
    assert letter.recipient == "alice@example.org"


async def test_the_present_password_is_asked_for(world: World) -> None:
    await world.person("alice", password=PASSWORD)
    browser = world.browser()
    await browser.sign_in("alice", PASSWORD)
    response = await browser.post("/account/password", {"current_password": "wrong", "new_password": NEW})
    assert response.status_code == 422
    assert "This is not your present password." in response.text
    assert NEW not in response.text


async def test_a_hash_that_no_library_computes_is_not_the_present_password_and_none_of_the_past(world: World) -> None:
    alice = await world.person("alice")
    stored = f"$2b$04$abcdefghijklmnopqrstu9{'.' * 31}"
    await User.filter(id=alice.id).update(password_hash=stored)
    await PasswordHash.create(user_id=alice.id, password_hash=stored, set_at=world.clock())
    browser = await world.entered("alice")
    response = await browser.post("/account/password", {"current_password": "wrong", "new_password": NEW})
    assert response.status_code == 422
    assert "This is not your present password." in response.text
    admin = await world.admin()
    assert (await admin.post(f"/users/{alice.id}/password", {"new_password": NEW})).status_code == 303
    await world.browser().sign_in("alice", NEW)


async def test_weak_and_unchanged_passwords_are_refused(world: World) -> None:
    await world.person("alice", password=PASSWORD)
    browser = world.browser()
    await browser.sign_in("alice", PASSWORD)
    before = (await User.get(username="alice")).password_hash
    for new in ("short", PASSWORD, "my name is alice, really"):
        response = await browser.post("/account/password", {"current_password": PASSWORD, "new_password": new})
        assert response.status_code == 422, new
    assert (await User.get(username="alice")).password_hash == before


async def test_changing_a_password_that_had_to_be_changed_opens_everything(world: World) -> None:
    await world.person("alice", password=PASSWORD, must_change=True)
    browser = world.browser()
    await browser.sign_in("alice", PASSWORD)
    await browser.post("/account/password", {"current_password": PASSWORD, "new_password": NEW})
    assert (await browser.get("/account")).status_code == 200
    assert not (await User.get(username="alice")).must_change


async def test_one_that_staff_gave_is_not_made_ones_own_after_it_expired(world: World) -> None:
    alice = await world.person("alice", password=PASSWORD, must_change=True)
    await User.filter(id=alice.id).update(password_expires_at=world.clock() + timedelta(minutes=10))
    browser = world.browser()
    await browser.sign_in("alice", PASSWORD)
    world.clock.advance(minutes=10)
    response = await browser.post("/account/password", {"current_password": PASSWORD, "new_password": NEW})
    assert response.status_code == 422
    assert "The password that was given has expired." in response.text
    assert (await User.get(username="alice")).must_change
    assert (await world.browser().post("/sign-in", {"identifier": "alice", "password": NEW})).status_code == 422


async def test_guessing_the_present_password_is_limited(world: World) -> None:
    await world.person("alice", password=PASSWORD)
    browser = world.browser()
    await browser.sign_in("alice", PASSWORD)
    codes = [
        (await browser.post("/account/password", {"current_password": "x", "new_password": NEW})).status_code
        for _ in range(11)
    ]
    assert codes[-1] == 429


async def test_whoever_must_change_first_is_shown_nothing_of_the_installation(world: World) -> None:
    await world.person("boss", password=PASSWORD, role=Role.ADMIN, must_change=True)
    confined = await world.entered("boss")
    told = "No mail server is set up"
    assert told in (await (await world.admin()).get("/help-requests")).text
    for path in ("/help-requests", "/account/password", "/password-reset"):
        assert told not in (await confined.get(path)).text, path
