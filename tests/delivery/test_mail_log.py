"""The mail log: what it shows, to whom, and how it is paged."""

from html import unescape

import pytest

from tests.postal import ask, post, use_server
from tests.smtp_server import smtp_server
from tests.world import PASSWORD, World
from webapp.audit.record import Actor
from webapp.mail_server.models import Revision, Slot
from webapp.mail_server.removal.remove import remove
from webapp.mail_server.revisions import ANY
from webapp.outbox.enqueue import Order, enqueue
from webapp.outbox.models import Letter
from webapp.recovery.send_link import send_reset_link


async def test_it_tells_what_became_of_each_letter_newest_first(world: World) -> None:
    root = await world.admin()
    await world.person("alice", email="alice@example.org")
    bob = await world.person("bob", email="bob@example.org", display_name="<b>Bob</b>")
    async with smtp_server(refused={"bob@example.org": "550 5.1.1 <script>No such user</script>"}) as server:
        await use_server(world, server)
        await ask(world, "alice", address="192.0.2.7")
        await post(world)
        await send_reset_link(bob.id, actor=Actor("root", 1), now=world.clock(), language="en")
        await post(world)
    page = (await root.get("/mail-log")).text
    assert page.index("bob@example.org") < page.index("alice@example.org")
    assert "by 127.0.0.1" in page
    first, second = await Letter.all().order_by("id")
    asked = (await root.get(f"/mail-log/{first.id}")).text
    assert "Asked for on the page for forgotten passwords" in asked
    assert "192.0.2.7" in asked
    assert "Accepted by 127.0.0.1" in asked
    refused = (await root.get(f"/mail-log/{second.id}")).text
    assert "Asked for by root" in refused
    assert "&lt;script&gt;No such user" in refused
    assert "<script>No" not in refused


async def test_it_is_filtered_by_state_and_paged(world: World) -> None:
    root = await world.admin()
    person = await world.person("alice", email="alice@example.org")
    for number in range(120):
        order = Order(kind="reset_link", recipient=f"n{number:03}@example.org", language="en", user_id=person.id)
        await enqueue(order, now=world.clock())
    seen: list[str] = []
    path = "/mail-log?state=queued"
    for number_of_page in range(3):
        page = (await root.get(path)).text
        seen += [f"n{number:03}" for number in reversed(range(120)) if f"n{number:03}@" in page]
        assert ("120 letters" in page) is (number_of_page == 0)
        assert ("Back to the newest" in page) is (number_of_page > 0)
        path = unescape(page.partition('id="mail-log-more"')[2].partition('href="')[2].partition('"')[0])
    assert path == ""
    assert seen == [f"n{number:03}" for number in reversed(range(120))]
    assert "No such letters" in (await root.get("/mail-log?state=accepted")).text


async def test_it_says_why_letters_wait(world: World) -> None:
    root = await world.admin()
    assert "no mail server is set up" in (await root.get("/mail-log")).text


async def test_it_says_who_takes_the_letters_meanwhile(world: World) -> None:
    root = await world.admin()
    await world.person("alice", email="alice@example.org")
    async with smtp_server(replies={"MAIL": "550 5.7.1 Relaying denied"}) as first, smtp_server() as second:
        await use_server(world, first)
        await use_server(world, second, slot=Slot.FALLBACK)
        assert "fallback server takes letters" not in (await root.get("/mail-log")).text
        await ask(world, "alice")
        await post(world)
        page = (await root.get("/mail-log")).text
        assert "The fallback server takes letters: the mail server failed while naming the sender" in page
        assert "Relaying denied" in page
        await Revision.filter(slot=Slot.PRIMARY).update(auth="password", username="postern")
        assert "The fallback server takes letters: the mail server cannot be used" in (await root.get("/mail-log")).text
        await remove(opened_with=ANY, actor=Actor("tests"), now=world.clock())
        assert "Letters wait: the mail server cannot be used as it is set up" in (await root.get("/mail-log")).text


async def test_it_says_what_the_mail_server_said(world: World) -> None:
    root = await world.admin()
    await world.person("alice", email="alice@example.org")
    async with smtp_server(replies={"MAIL": "550 5.7.1 Relaying denied"}) as server:
        await use_server(world, server)
        await ask(world, "alice")
        await post(world)
    page = (await root.get("/mail-log")).text
    assert "Letters wait: the mail server failed while naming the sender" in page
    assert "One letter is tried again at" in page


@pytest.mark.parametrize(
    "query",
    [
        "state=strange",
        "within=century",
        "from=yesterday",
        "until=2026-13-40T00:00",
        "person=alice",
        "person=9223372036854775808",
        "q=%00",
        "after=x",
        "after=-1",
        "after=1&after=2",
        "after=9999999999999999999",
        "after=%D9%A1",
    ],
)
async def test_a_query_that_makes_no_sense_is_refused(world: World, query: str) -> None:
    assert (await (await world.admin()).get(f"/mail-log?{query}")).status_code == 422


async def test_a_letter_that_is_not_there_is_404(world: World) -> None:
    root = await world.admin()
    assert (await root.get("/mail-log/1")).status_code == 404
    assert (await root.get("/mail-log/9999999999999999999999")).status_code == 404


@pytest.mark.parametrize(("role", "status"), [("auditor", 200), ("helpdesk", 403), ("user", 403)])
async def test_administrators_and_auditors_read_it(world: World, role: str, status: int) -> None:
    await world.person("somebody", email="s@example.org", password=PASSWORD, role=role)
    browser = world.browser()
    await browser.sign_in("somebody", PASSWORD)
    assert (await browser.get("/mail-log")).status_code == status


async def test_a_region_is_a_part_of_its_page(world: World) -> None:
    root = await world.admin()
    region = (await root.htmx_get("/mail-log")).text.strip()
    assert region.startswith('<section class="stack" id="mail-log"')
    assert region in (await root.get("/mail-log")).text
