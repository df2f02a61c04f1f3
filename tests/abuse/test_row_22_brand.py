"""No value of the looks reaches a header of a letter as more than words."""

import pytest

from tests.postal import ask, post, use_server
from tests.smtp_server import smtp_server
from tests.world import World
from webapp.brand.models import BrandRow

pytestmark = pytest.mark.one_engine  # what is refused is refused before the database is asked

BAD = ["x\r\nBcc: eve@example.org", "x\ny", "x\u2028y", "x\x0by", "=?utf-8?q?=0d=0aBcc:eve=40evil.test?="]


@pytest.mark.parametrize("text", BAD)
async def test_a_name_that_would_be_a_header_is_refused_on_the_field(world: World, text: str) -> None:
    admin = await world.admin()
    answer = await admin.post("/letters", {"name": text, "version": "0"})
    assert answer.status_code == 422
    assert 'aria-invalid="true"' in answer.text
    assert not await BrandRow.exists()


async def test_even_a_name_from_elsewhere_makes_no_header(world: World) -> None:
    await world.person("alice", email="alice@example.org")
    await BrandRow.create(
        id=1, name="=?utf-8?q?=0d=0aBcc:eve=40evil.test?=", support=BAD[0], footer=BAD[0], updated_at=world.clock()
    )
    async with smtp_server() as server:
        await use_server(world, server)
        await ask(world, "alice")
        await post(world)
        letter = await server.next_letter()
    assert letter.recipients == ["alice@example.org"]
    assert letter.message["Bcc"] is None
    assert "eve" in str(letter.message["Subject"])
