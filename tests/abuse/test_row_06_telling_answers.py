"""Known, unknown, disabled and address-less people get the same answer, byte for byte."""

from tests.world import World
from webapp.users.models import User


async def test_nobody_can_be_told_from_anybody(world: World) -> None:
    await world.person("known", email="known@example.org")
    gone = await world.person("gone0", email="gone0@example.org")
    await User.filter(id=gone.id).update(state="disabled")
    await world.person("nomail")
    answers, pages = set(), set()
    for name in ("known", "gone0", "nomail", "never", "known@example.org", "never@example.org", "known"):
        browser = world.browser()
        response = await browser.post("/password-reset", {"identifier": name})
        answers.add((response.status_code, tuple(response.headers.raw), response.content))
        sent = await browser.get("/password-reset/sent")
        pages.add((sent.status_code, tuple(sent.headers.raw), sent.content))
    assert len(answers) == 1
    assert len(pages) == 1
    ((status, headers, _),) = answers
    assert status == 303
    assert b"set-cookie" not in {name.lower() for name, _ in headers}
