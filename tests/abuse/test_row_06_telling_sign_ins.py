"""At the sign-in, nobody can be told from anybody: not by status, headers or bytes, nor by when one has to wait."""

from tests.sessions.trying import attempt, lock_out_after
from tests.world import PASSWORD, World
from webapp.users.models import User

KINDS = ("known", "dsbld", "frozn", "nopwd", "never")


async def people(world: World) -> None:
    """One of each kind but the last, all with the password that is tried, except who is known."""
    await world.person("known", email="known@example.org", password="another password altogether")
    for name in ("dsbld", "frozn"):
        await world.person(name, email=f"{name}@example.org", password=PASSWORD)
    await world.person("nopwd", email="nopwd@example.org")
    await User.filter(username="dsbld").update(state="disabled")
    await User.filter(username="frozn").update(frozen_at=world.clock())


async def test_every_answer_is_the_same_to_the_byte(world: World) -> None:
    await lock_out_after(world, 3)
    await people(world)
    for ending in ("", "@example.org"):
        for number in range(5):
            answers = set()
            for kind in KINDS:
                browser = world.browser(address=f"198.51.100.{len(ending)}")
                answer = await attempt(browser, kind + ending, PASSWORD)
                headers = tuple(pair for pair in answer.headers.raw if pair[0].lower() != b"date")
                answers.add((answer.status_code, headers, answer.text.replace(kind, "KIND")))
            assert len(answers) == 1, (ending, number)
            ((status, headers, _),) = answers
            assert status == (422 if number < 3 else 429)
            assert b"set-cookie" not in {name.lower() for name, _ in headers}


async def test_a_cookie_of_ones_own_tells_nothing_of_others(world: World) -> None:
    await people(world)
    await world.person("mallory", password=PASSWORD)
    mallory = world.browser()
    await mallory.sign_in("mallory", PASSWORD)
    await mallory.post("/sign-out")
    await mallory.get("/sign-in")  # which says that mallory is signed out
    answers = {
        (answer.status_code, answer.headers.get("set-cookie"), answer.text.replace(kind, "KIND"))
        for kind in KINDS
        for answer in [await attempt(mallory, kind, PASSWORD)]
    }
    assert len(answers) == 1
