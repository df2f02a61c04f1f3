"""The envelope sender of a test is of the kind that letters have."""

import pytest

from tests.smtp.climbing import SENDER, mail_server, rungs_of
from tests.smtp_server import smtp_server
from webapp.smtp.rung import Outcome


@pytest.mark.parametrize(
    ("bounce_address", "sender"),
    [
        ("", SENDER),
        ("returns@example.com", "returns+a.aaaaaaaaaaaaaaaa@example.com"),
        (f"{'r' * 60}@example.com", f"{'r' * 60}@example.com"),
    ],
)
async def test_a_test_is_sent_from_the_kind_of_address_that_letters_come_from(bounce_address: str, sender: str) -> None:
    async with smtp_server() as server:
        rungs = await rungs_of(mail_server(server, bounce_address=bounce_address))
        assert rungs[-1].outcome is Outcome.OK
        assert [each.sender for each in server.letters] == [sender]
        assert server.letters[0].message["From"] == f"Postern <{SENDER}>"
