"""The mail log: what it shows, to whom, and how it is paged."""

import pytest

from tests.postal import ask, post, use_server
from tests.smtp_server import smtp_server
from tests.world import PASSWORD, World
from webapp.audit.record import Actor
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
    for _ in range(3):
        page = (await root.get(path)).text
        seen += [f"n{number:03}" for number in reversed(range(120)) if f"n{number:03}@" in page]
        path = page.rpartition('href="/mail-log?after=')[2].partition('"')[0].replace("&amp;", "&")
        path = f"/mail-log?after={path}"
    assert seen == [f"n{number:03}" for number in reversed(range(120))]
    assert "No such letters" in (await root.get("/mail-log?state=accepted")).text


async def test_it_says_why_letters_wait(world: World) -> None:
    root = await world.admin()
    assert "no mail server is set up" in (await root.get("/mail-log")).text


@pytest.mark.parametrize(
    "query", ["state=strange", "after=x", "after=-1", "after=1&after=2", "after=9999999999999999999"]
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
