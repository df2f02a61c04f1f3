"""No link, token or body is stored or shown: not in the mail log, not in the database."""

import re
from email import message_from_bytes
from email.policy import SMTP

from tests.postal import ask, link_in, open_link, post, the_link, use_server
from tests.smtp_server import Reader, Writer, scripted_server, smtp_server
from tests.world import World
from webapp.db.connect import engine
from webapp.db.query import rows
from webapp.outbox.models import Letter


async def everything_stored() -> str:
    """All rows of all tables, as text; of an index without the text that it was made of there is nothing to read."""
    names = (
        "SELECT name FROM sqlite_master WHERE type = 'table' AND sql NOT LIKE '%content=''''%'"
        if engine() == "sqlite"
        else "SELECT tablename AS name FROM pg_tables WHERE schemaname = 'public'"
    )
    tables = [each["name"] for each in await rows(names)]
    found = [[dict(row) for row in await rows(f'SELECT * FROM "{table}"')] for table in tables]  # noqa: S608
    return str(found)


async def parrot(reader: Reader, writer: Writer) -> None:
    """A server that refuses a letter with the links it found in it."""
    writer.write(b"220 mail.example.com ESMTP\r\n")
    while line := await reader.readline():
        if not line.upper().startswith(b"DATA"):
            writer.write(b"250 Ok\r\n")
            continue
        writer.write(b"354 Go ahead\r\n")
        body = message_from_bytes(await reader.readuntil(b"\r\n.\r\n"), policy=SMTP).get_body(("plain",))
        found = re.search(r"http\S+/password-reset/(\S+)", str(body.get_content()) if body else "")
        assert found
        parrot_heard.append(found[1])
        writer.write(f"554 5.6.0 Refused: bad link {found[0]} ({found[1]})\r\n".encode())


parrot_heard: list[str] = []


async def test_a_server_that_repeats_the_link_puts_none_into_the_log(world: World) -> None:
    await world.person("alice", email="alice@example.org")
    parrot_heard.clear()
    async with scripted_server(parrot) as server:
        await use_server(world, None, host=server.host, port=str(server.port))
        await ask(world, "alice")
        await post(world)
    (token,) = parrot_heard
    letter = await Letter.get()
    assert letter.reason == "content_refused"
    page = (await (await world.admin()).get(f"/mail-log/{letter.id}")).text
    assert "Refused: bad link" in page
    stored = await everything_stored()
    for part in (token, *token.split(".")):
        assert len(part) < 10 or (part not in stored and part not in page)


async def test_neither_the_log_nor_the_database_holds_a_link(world: World) -> None:
    await world.person("alice", email="alice@example.org")
    async with smtp_server() as server:
        await use_server(world, server)
        token = (await the_link(world, server, "alice")).rpartition("/")[2]
        await ask(world, "alice@example.org")
        await ask(world, "nobody")
        await post(world)
    letter = await Letter.get(kind="reset_link", link_ends_at__not_isnull=True, id=1)
    root = await world.admin()
    visitor = world.browser()
    await open_link(visitor, f"/password-reset/{token}")
    pages = [await root.get(path) for path in ("/mail-log", f"/mail-log/{letter.id}", "/mail-log/requests")]
    pages.append(await root.htmx_get(f"/mail-log/{letter.id}"))
    pages.append(await root.htmx_get(f"/mail-log/changes?letters={letter.id}-0"))
    for page in pages:
        assert page.status_code == 200
        assert token not in page.text
        assert "/password-reset/" not in page.text
    assert "Link fetched" in pages[1].text
    stored = await everything_stored()
    assert "alice@example.org" in stored
    assert token not in stored
    assert token.partition(".")[0] not in stored


async def test_sending_again_kills_the_link_of_before_and_shows_neither(world: World) -> None:
    await world.person("alice", email="alice@example.org")
    root = await world.admin()
    async with smtp_server() as server:
        await use_server(world, server)
        old = (await the_link(world, server, "alice")).rpartition("/")[2]
        sent = await Letter.get()
        await root.post(f"/mail-log/{sent.id}/resend")
        await post(world)
        new = link_in(await server.next_letter()).rpartition("/")[2]
    assert new != old
    assert (await world.browser().get(f"/password-reset/{old}")).status_code == 410
    shown = await root.get(f"/mail-log/{sent.id + 1}")
    for token in (old, new):
        assert token not in shown.text + str(shown.headers) + await everything_stored()
