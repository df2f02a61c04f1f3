"""What is written down of a link's visits: once, of genuine links only, and without turning anybody away."""

from datetime import timedelta

import pytest
from starlette.datastructures import Headers
from tortoise.exceptions import OperationalError

from tests.postal import open_link, set_password, the_link, use_server
from tests.smtp_server import smtp_server
from tests.world import Browser, World
from webapp.db.connect import engine, writing
from webapp.outbox.models import Letter
from webapp.recovery.reset_link import mint
from webapp.recovery.visits import visit_of, was_fetched
from webapp.users.models import User

CHROME = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36"
FETCHED = {"Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document", "Sec-Fetch-User": "?1"}


async def link_of(world: World) -> str:
    await world.person("alice", email="alice@example.org")
    async with smtp_server() as server:
        await use_server(world, server)
        return await the_link(world, server, "alice")


def browser_of(world: World, agent: str = CHROME) -> Browser:
    browser = world.browser()
    browser.client.headers["User-Agent"] = agent
    return browser


async def the_letter() -> Letter:
    return await Letter.get(kind="reset_link")


async def test_following_a_link_is_a_fetch_and_the_page_behind_it_an_opening(world: World) -> None:
    path = await link_of(world)
    browser = browser_of(world)
    began = world.clock()
    await browser.get(path)
    letter = await the_letter()
    assert (letter.link_fetched_at, letter.link_opened_at, letter.link_used_at) == (began, None, None)
    world.clock.advance(seconds=1)
    await browser.get("/password-reset/new")
    assert (await the_letter()).link_opened_at == began + timedelta(seconds=1)
    world.clock.advance(minutes=1)
    fingerprint = await open_link(browser, path)
    assert await set_password(browser, fingerprint) == 303
    letter = await the_letter()
    assert letter.link_fetched_at == began
    assert letter.link_opened_at == began + timedelta(seconds=1)
    assert letter.link_used_at == world.clock()


@pytest.mark.parametrize(
    "agent", ["", "Barracuda Sentinel", "python-httpx/0.28", "Mozilla/5.0 HeadlessChrome/142.0.0.0"]
)
async def test_a_program_is_let_in_like_anybody_and_opens_nothing(world: World, agent: str) -> None:
    path = await link_of(world)
    program = browser_of(world, agent)
    fingerprint = await open_link(program, path)
    letter = await the_letter()
    assert letter.link_fetched_at is not None
    assert letter.link_opened_at is None
    assert await set_password(program, fingerprint, "too short") == 422
    assert (await the_letter()).link_opened_at is not None
    assert (await the_letter()).link_used_at is None
    assert await set_password(program, fingerprint) == 303
    assert (await the_letter()).link_used_at is not None


async def test_head_fetches_and_opens_nothing(world: World) -> None:
    path = await link_of(world)
    browser = browser_of(world)
    assert (await browser.client.head(path)).status_code == 303
    assert (await browser.client.head("/password-reset/new")).status_code == 200
    letter = await the_letter()
    assert letter.link_fetched_at is not None
    assert letter.link_opened_at is None


async def test_links_that_open_nothing_leave_nothing(world: World) -> None:
    path = await link_of(world)
    alice, letter = await User.get(username="alice"), await the_letter()
    other = await world.person("bob", email="bob@example.org")
    browser = browser_of(world)
    assert (await browser.get(path[:-2])).status_code == 410
    # Genuine, but of another person: it does not touch a letter that is not theirs.
    stray = mint(world.kit.links, user_id=other.id, recovery_version=other.recovery_version, letter_id=letter.id)
    assert (await browser.get(f"/password-reset/{stray}")).status_code == 303
    # Made on the machine, for no letter at all.
    bare = mint(world.kit.links, user_id=alice.id, recovery_version=alice.recovery_version, letter_id=0)
    assert (await browser.get(f"/password-reset/{bare}")).status_code == 303
    world.clock.advance(minutes=31)
    assert (await browser.get(path)).status_code == 410
    letter = await the_letter()
    assert (letter.link_fetched_at, letter.link_opened_at, letter.link_used_at) == (None, None, None)


FULL = """
    CREATE FUNCTION full_disk() RETURNS trigger LANGUAGE plpgsql AS
    $$BEGIN RAISE EXCEPTION 'No space left on device' USING ERRCODE = '53100'; END$$"""


async def test_a_database_that_cannot_be_written_keeps_nobody_from_the_page(world: World) -> None:
    path = await link_of(world)
    if engine() == "sqlite":
        await writing().execute_query("PRAGMA query_only = ON")
    else:
        await writing().execute_query(FULL)
        await writing().execute_query("CREATE TRIGGER disk BEFORE UPDATE ON letters EXECUTE FUNCTION full_disk()")
    await open_link(browser_of(world), path)
    assert (await the_letter()).link_fetched_at is None


async def test_a_bug_is_not_taken_for_a_database_that_is_away(world: World) -> None:
    with pytest.raises((OperationalError, OverflowError)):
        await was_fetched(2**70, 1, now=world.clock())


@pytest.mark.parametrize(
    ("method", "headers", "is_browser"),
    [
        ("GET", {**FETCHED, "User-Agent": CHROME}, True),
        ("GET", {"User-Agent": CHROME, "Accept": "text/html,*/*;q=0.8"}, True),
        (
            "GET",
            {"User-Agent": "Mozilla/5.0 (Linux; Android 14; CUBOT KINGKONG) Chrome/142.0", "Accept": "text/html"},
            True,
        ),
        ("GET", {"User-Agent": CHROME, "Accept": "*/*"}, False),
        ("HEAD", {**FETCHED, "User-Agent": CHROME}, False),
        ("GET", {**FETCHED, "User-Agent": CHROME, "Sec-Fetch-Dest": "iframe"}, False),
        ("GET", {**FETCHED, "User-Agent": CHROME, "Sec-Fetch-Mode": "no-cors"}, False),
        ("GET", {**FETCHED, "User-Agent": CHROME, "Sec-Purpose": "prefetch"}, False),
        ("GET", {**FETCHED, "User-Agent": CHROME, "Purpose": "preview"}, False),
        ("GET", {**FETCHED, "User-Agent": CHROME, "X-Moz": "prefetch"}, False),
        ("GET", {**FETCHED, "User-Agent": "Mozilla/5.0 (compatible; bingbot/2.0)"}, False),
        ("GET", {**FETCHED, "User-Agent": "Slackbot-LinkExpanding 1.0"}, False),
        ("GET", {**FETCHED}, False),
    ],
)
def test_what_behaves_as_a_browser(method: str, headers: dict[str, str], is_browser: bool) -> None:
    assert visit_of(method, Headers(headers)).is_browser is is_browser
