"""A mail server that repeats a letter's link in its answer puts no working link into the mail log."""

import pytest

from tests.postal import the_link, use_server
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


@pytest.mark.parametrize("reply", ["250 2.0.0 queued, saw {link}.", "250 url-{link}"])
async def test_the_log_shows_no_link_that_the_server_repeats(world: World, reply: str) -> None:
    await world.person("alice", email="alice@example.org")
    async with smtp_server(replies={"MESSAGE": reply}) as server:
        await use_server(world, server)
        link = await the_link(world, server, "alice")
    attempt = await Attempt.get()
    assert MASK in attempt.reply
    shown = await (await world.admin()).get(f"/mail-log/{attempt.letter_id}")
    parts = [part for part in link.rpartition("/")[2].split(".") if len(part) > 20]
    assert parts
    for part in parts:
        assert not any(part[at : at + PIECE] in attempt.reply + shown.text for at in range(len(part) - PIECE + 1))
