"""No other way in passes the second factor by."""

from datetime import timedelta

from tests.handoffs import FORM, follow, hand_off, send
from tests.handoffs import NEW_PASSWORD as HANDED
from tests.postal import open_link, use_server
from tests.recovery.test_invitations import follow as follow_invitation
from tests.recovery.test_invitations import invited
from tests.sessions.factors.having import give, with_app
from tests.smtp_server import smtp_server
from tests.world import PASSWORD, Browser, World
from webapp.audit.record import COMMAND_LINE
from webapp.outbox.models import Letter
from webapp.recovery.break_glass import Made, make_link
from webapp.recovery.reset_link import NO_LETTER, mint
from webapp.users.models import User

NEW = "seven green umbrellas"


async def asked_for_the_factor(world: World, password: str) -> Browser:
    browser = world.browser()
    answer = await browser.post("/sign-in", {"identifier": "ada", "password": password})
    assert (answer.status_code, answer.headers["location"]) == (303, "/sign-in/factor"), answer.text
    assert (await browser.get("/account")).status_code == 303
    return browser


async def test_a_new_password_by_link_leaves_it_to_be_asked_for(world: World) -> None:
    ada = await world.person("ada", email="ada@example.org", password=PASSWORD)
    _, phone, _ = await with_app(world, "ada")
    user = await User.get(id=ada.id)
    browser = world.browser()
    token = mint(world.kit.links, user_id=user.id, recovery_version=user.recovery_version, letter_id=NO_LETTER)
    link = await open_link(browser, f"/password-reset/{token}")
    answer = await browser.post("/password-reset/new", {"new_password": NEW, "link": link})
    assert (answer.status_code, answer.headers["location"]) == (303, "/sign-in")
    browser = await asked_for_the_factor(world, NEW)
    assert (await give(browser, phone.code())).status_code == 303


async def test_breaking_the_glass_does_too(world: World) -> None:
    ada = await world.person("ada", email="ada@example.org", password=PASSWORD)
    await with_app(world, "ada")
    made = await make_link(ada.id, links=world.kit.links, actor=COMMAND_LINE, now=world.clock())
    assert isinstance(made, Made)
    browser = world.browser()
    link = await open_link(browser, made.path)
    await browser.post("/password-reset/new", {"new_password": NEW, "link": link})
    await asked_for_the_factor(world, NEW)


async def test_a_password_from_staff_does_too(world: World) -> None:
    ada = await world.person("ada", email="ada@example.org", password=PASSWORD)
    await with_app(world, "ada")
    admin = await world.admin()
    await admin.post(f"/users/{ada.id}/password", {"new_password": NEW})
    await asked_for_the_factor(world, NEW)


async def test_a_link_and_a_code_do_too(world: World) -> None:
    ada = await world.person("ada", password=PASSWORD)
    _, phone, _ = await with_app(world, "ada")
    made = await hand_off(await world.admin(), ada)
    browser = world.browser()
    answer = await send(browser, await follow(browser, made), made.code)
    assert (answer.status_code, answer.headers["location"]) == (303, "/sign-in")
    assert (await browser.get(FORM)).status_code == 410
    browser = await asked_for_the_factor(world, HANDED)
    assert (await give(browser, phone.code())).status_code == 303


async def test_an_invitation_does_too(world: World) -> None:
    ada = await world.person("ada", email="ada@example.org", password=PASSWORD)
    await with_app(world, "ada")
    # As an import may leave it: a factor, and no password any more.
    await User.filter(id=ada.id).update(password_hash=None)
    await Letter.all().delete()
    async with smtp_server() as server:
        await use_server(world, server)
        path = await invited(world, server, await world.admin(), await User.get(id=ada.id))
    browser = world.browser()
    link = await follow_invitation(browser, path)
    answer = await browser.post("/invitations/new", {"new_password": NEW, "link": link})
    assert (answer.status_code, answer.headers["location"]) == (303, "/sign-in")
    await asked_for_the_factor(world, NEW)


async def test_a_password_that_expires_between_the_steps_opens_nothing(world: World) -> None:
    ada = await world.person("ada", email="ada@example.org", password=PASSWORD)
    _, phone, _ = await with_app(world, "ada")
    ends = world.clock() + timedelta(minutes=5)
    await User.filter(id=ada.id).update(password_expires_at=ends, must_change=True)
    browser = await asked_for_the_factor(world, PASSWORD)
    world.clock.advance(minutes=6)
    answer = await give(browser, phone.code())
    assert (answer.status_code, answer.headers["location"].partition("?")[0]) == (303, "/sign-in")
    assert (await browser.get("/account")).status_code == 303
