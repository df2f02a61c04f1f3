"""A mail server that repeats a letter's link in its answer puts no working link into the mail log."""

import pytest

from tests.abuse.test_row_37_log_as_takeover import everything_stored
from tests.postal import ask, post, the_link, use_server
from tests.smtp_server import smtp_server
from tests.world import World
from webapp.delivery.models import Attempt
from webapp.smtp.envelope import PIECE, hide_letter
from webapp.smtp.transcript import MASK

TOKEN = "eyJ1IjoxLCJ2IjoxfQ.aSGm3Q.w3pHq0fJxN9w-KfT3c_3lMZ2vQ8yR1uXk5bD7eG6hJ0"
LINK_LINE = f"Open https://postern.example.org/password-reset/{TOKEN}\r\n"
PAYLOAD = f"Subject: x\r\nContent-Type: text/plain\r\n\r\n{LINK_LINE}".encode()


@pytest.mark.parametrize(
    "reply",
    [
        f"5.7.1 blacklisted URL: https://postern.example.org/password-reset/{TOKEN}.",
        f"url-{TOKEN}",
        f"~{TOKEN}~",
        f"<{TOKEN.upper()}>",
        f"queued {TOKEN[:40]} and {TOKEN[40:]}",
        TOKEN.replace(".", " . "),
    ],
)
def test_no_part_of_a_token_is_left(reply: str) -> None:
    shown = hide_letter(PAYLOAD, reply).lower()
    long_parts = [part for part in TOKEN.lower().split(".") if len(part) >= 20]
    for part in long_parts:
        assert not any(part[start : start + PIECE] in shown for start in range(len(part) - PIECE + 1))


def test_other_words_are_kept() -> None:
    reply = "5.7.1 Message content rejected, see policy 4711"
    assert hide_letter(PAYLOAD, reply) == reply


@pytest.mark.parametrize("reply", ["250 2.0.0 queued, saw {link}.", "250 url-{link}", "250 queued as {link}"])
async def test_the_log_shows_no_link_that_the_server_repeats(world: World, reply: str) -> None:
    await world.person("alice", email="alice@example.org")
    async with smtp_server(replies={"MESSAGE": reply}) as server:
        await use_server(world, server)
        link = await the_link(world, server, "alice")
    attempt = await Attempt.get()
    assert MASK in attempt.reply
    root = await world.admin()
    pages = [await root.get(path) for path in (f"/mail-log/{attempt.letter_id}", "/mail-log", "/mail-log/requests")]
    shown = attempt.reply + attempt.queue_id + "".join(page.text for page in pages)
    parts = [part for part in link.rpartition("/")[2].split(".") if len(part) > 20]
    assert parts
    for part in parts:
        assert not any(part[at : at + PIECE] in shown for at in range(len(part) - PIECE + 1))


async def test_what_was_typed_is_found_nowhere_in_the_clear(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    canary = "canary-7f3a-typed-by-mistake"
    await ask(world, canary)
    await post(world)
    root = await world.admin()
    assert canary in (await root.get("/mail-log/requests")).text
    assert canary not in await everything_stored()
    for path in ("/mail-log", "/audit", "/metrics", "/"):
        assert canary not in (await root.get(path)).text
    captured = capsys.readouterr()
    assert canary not in captured.out + captured.err
