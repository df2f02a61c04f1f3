"""Passwords of the past are not taken again."""

from tests.world import PASSWORD, World
from webapp.users.models import PasswordHash, User
from webapp.users.set_password import store_rehash

NEW = ("walnut teapot window", "violet ladder pencil", "orange carpet bottle")


async def test_the_last_ones_are_refused_and_older_ones_are_not(world: World) -> None:
    root = await world.admin()
    now = PASSWORD
    for number in range(7):
        new = f"{NEW[number % 3]} {number}"
        answer = await root.post("/account/password", {"current_password": now, "new_password": new})
        assert answer.status_code == 303, answer.text
        now = new
    assert await PasswordHash.all().count() == 5
    for again, status in ((now, 422), (f"{NEW[2]} 2", 422), (f"{NEW[0]} 0", 303)):
        answer = await root.post("/account/password", {"current_password": now, "new_password": again})
        assert answer.status_code == status, answer.text


async def test_a_hash_that_is_made_anew_keeps_its_place(world: World) -> None:
    root = await world.admin()
    await root.post("/account/password", {"current_password": PASSWORD, "new_password": NEW[0]})
    user = await User.get(username="root")
    assert user.password_hash
    before = await PasswordHash.all().count()
    await store_rehash(user.id, user.password_hash, await world.passwords.hash(NEW[0]))
    assert await PasswordHash.all().count() == before
    answer = await root.post("/account/password", {"current_password": NEW[0], "new_password": NEW[0]})
    assert answer.status_code == 422
