"""No other way in passes the second factor by."""

from tests.postal import open_link
from tests.sessions.factors.having import give, with_app
from tests.world import PASSWORD, Browser, World
from webapp.audit.record import COMMAND_LINE
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
