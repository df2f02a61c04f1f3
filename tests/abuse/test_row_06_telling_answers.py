"""Known, unknown, disabled and address-less people get the same answer, byte for byte."""

from tests.abuse.answers import but_for_what_was_typed
from tests.world import World
from webapp.users.models import User


async def test_nobody_can_be_told_from_anybody(world: World) -> None:
    await world.person("known", email="known@example.org")
    gone = await world.person("gone0", email="gone0@example.org")
    await User.filter(id=gone.id).update(state="disabled")
    await world.person("nomail")
    answers, pages, lengths = set(), set(), set()
    for name in ("known", "gone0", "nomail", "never", "known@example.org", "never@example.org", "known"):
        browser = world.browser()
        response = await browser.post("/password-reset", {"identifier": name})
        answers.add(but_for_what_was_typed(browser, response))
        lengths.add((len(name), len(browser.client.cookies["postern_asked"])))
        sent = await browser.get("/password-reset/sent")
        pages.add((sent.status_code, tuple(sent.headers.raw), sent.content))
    assert len(answers) == 1
    assert len(pages) == 1
    ((status, headers, _),) = answers
    assert status == 303
    assert [name.lower() for name, _ in headers].count(b"set-cookie") == 1
    assert len(lengths) == len({length for length, _ in lengths})
