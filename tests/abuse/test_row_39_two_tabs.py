"""Two links in two tabs of one browser: a form sets the password of its own link's person, or nobody's."""

from tests.postal import NEW_PASSWORD, open_link, set_password, the_link, use_server
from tests.smtp_server import smtp_server
from tests.world import PASSWORD, World
from webapp.users.models import User


async def test_a_form_never_sets_another_persons_password(world: World) -> None:
    alice = await world.person("alice", email="alice@example.org", password=PASSWORD)
    bob = await world.person("bob", email="bob@example.org", password=PASSWORD)
    async with smtp_server() as server:
        await use_server(world, server)
        for_alice = await the_link(world, server, "alice")
        for_bob = await the_link(world, server, "bob")
    browser = world.browser()
    first_tab = await open_link(browser, for_alice)
    second_tab = await open_link(browser, for_bob)
    assert first_tab != second_tab
    answer = await browser.post("/password-reset/new", {"new_password": NEW_PASSWORD, "link": first_tab})
    assert answer.status_code == 409
    assert "another link" in answer.text
    for person in (alice, bob):
        assert (await User.get(id=person.id)).password_hash == person.password_hash
    assert await set_password(browser, second_tab) == 303
    assert (await User.get(id=alice.id)).password_hash == alice.password_hash


async def test_a_form_without_its_mark_is_refused(world: World) -> None:
    await world.person("alice", email="alice@example.org")
    async with smtp_server() as server:
        await use_server(world, server)
        browser = world.browser()
        await open_link(browser, await the_link(world, server, "alice"))
    assert await set_password(browser, "") == 409
