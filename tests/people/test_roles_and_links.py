"""What a change of role does to links, and what refusals by role leave behind."""

from tests.postal import link_in, open_link, post, set_password, use_server
from tests.smtp_server import smtp_server
from tests.world import PASSWORD, World
from webapp.audit.models import AuditEntry
from webapp.principal import Role


async def test_a_link_sent_before_a_promotion_opens_nothing_after_it(world: World) -> None:
    alice = await world.person("alice", email="alice@example.org")
    admin = await world.admin()
    async with smtp_server() as server:
        await use_server(world, server)
        await admin.post(f"/users/{alice.id}/reset-link")
        await post(world)
        link = link_in(await server.next_letter())
        browser = world.browser()
        fingerprint = await open_link(browser, link)
        page = await admin.get(f"/users/{alice.id}")
        fields = {"email": "alice@example.org", "display_name": "", "version": admin.hidden(page, "version")}
        assert (await admin.post(f"/users/{alice.id}", {**fields, "role": "admin"})).status_code == 303
        assert await set_password(browser, fingerprint) == 410


async def test_a_refusal_by_role_is_recorded_but_fills_no_table(world: World) -> None:
    await world.person("eve", password=PASSWORD, role=Role.USER)
    eve = world.browser()
    await eve.sign_in("eve", PASSWORD)
    for _ in range(30):
        assert (await eve.get("/mail-server")).status_code == 403
    refused = await AuditEntry.filter(action="user:out_of_reach")
    assert len(refused) == 20
    assert (refused[0].actor, refused[0].subject) == ("eve", "/mail-server")


async def test_helpdesk_sees_no_address_of_those_out_of_reach(world: World) -> None:
    await world.admin()
    await world.person("desk", password=PASSWORD, role=Role.HELPDESK)
    desk = world.browser()
    await desk.sign_in("desk", PASSWORD)
    assert "root@example.org" not in (await desk.get("/users")).text
