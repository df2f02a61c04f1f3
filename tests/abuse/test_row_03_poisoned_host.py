"""Links carry PUBLIC_URL, whatever the request says of its host."""

import pytest

from tests.postal import html_of, link_in, post, text_of, use_server
from tests.smtp_server import smtp_server
from tests.world import World


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "evil.example"},
        {"X_Forwarded_Host": "evil.example", "X_Forwarded_Proto": "https"},
        {"Forwarded": "host=evil.example;proto=https"},
        {"X_Host": "evil.example", "X_Original_URL": "http://evil.example/", "X_Forwarded_Server": "evil.example"},
        {"Host": "localhost:8000@evil.example"},
        {"Host": "localhost:8000/evil.example?"},
        {"Referer": "http://evil.example/"},
    ],
)
async def test_a_link_leads_to_the_public_url(world: World, headers: dict[str, str]) -> None:
    await world.person("alice", email="alice@example.org")
    async with smtp_server() as server:
        await use_server(world, server)
        answer = await world.browser().post("/password-reset", {"identifier": "alice"}, **headers)
        await post(world)
        if answer.status_code == 400:  # no Host at all: nothing was asked for
            assert set("@/?") & set(headers["Host"])
            assert not server.letters
            return
        letter = await server.next_letter()
    assert link_in(letter)
    assert "evil" not in text_of(letter) + html_of(letter)
