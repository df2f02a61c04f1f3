"""The page of the alerts."""

import asyncio
from collections.abc import Sequence

import httpx2
import pytest

from tests.webhook_server import webhook_server
from tests.webhooks.alerts import filled, keep
from tests.webhooks.test_style import verify
from tests.world import PASSWORD, Browser, World
from webapp.audit.models import AuditEntry
from webapp.crypto.keys import Keys
from webapp.crypto.vault import Vault
from webapp.db.connect import reading
from webapp.principal import Role
from webapp.webhooks.models import CallState, Webhook, WebhookCall
from webapp.webhooks.request import SIGNATURE
from webapp.webhooks.stored import reseal, stored

SECRETS = ("canary-in-the-address", "canary-in-the-query", "canary-secret")


async def everywhere(world: World, browser: Browser, answers: Sequence[httpx2.Response]) -> str:
    """All that could give the address or the secret away."""
    pages = [answer.text + str(answer.headers) for answer in answers]
    pages += [(await browser.get(path)).text for path in ("/webhook", "/audit", "/", "/metrics")]
    tables = ("webhooks", "webhook_calls", "audit_entries")
    rows = [str(await reading().execute_query_dict(f"SELECT * FROM {table}")) for table in tables]  # noqa: S608
    return "\n".join(pages + rows)


async def test_address_and_secret_are_kept_and_never_shown_again(world: World) -> None:
    root = await world.admin()
    assert "Address of the webhook" in (await root.get("/webhook")).text
    async with webhook_server() as server:
        form = filled(server, signed="on", secret="canary-secret")
        answers = [
            await root.post("/webhook", form),
            await root.htmx_post("/webhook", form, shown="/webhook"),
            await root.htmx_post("/webhook", {**form, "style": "nonsense"}, shown="/webhook"),
            await root.post("/webhook/tests", form),
            await root.htmx_post("/webhook/tests", form, shown="/webhook"),
        ]
        assert [answer.status_code for answer in answers] == [303, 200, 422, 200, 200]
        found = await stored(world.kit.vault)
        assert found is not None
        assert found.destination is not None
        assert (found.destination.url.authority, found.destination.secret) == (
            f"127.0.0.1:{server.port}",
            "canary-secret",
        )
        assert found.origin == server.url.partition("/hooks")[0]
        said = await everywhere(world, root, answers)
    assert found.origin in said
    for secret in SECRETS:
        assert secret not in said


async def test_what_is_left_empty_stays_as_it_is(world: World) -> None:
    root = await world.admin()
    async with webhook_server() as server:
        await keep(world, server, signed="on", secret="canary-secret")
        await root.post("/webhook", filled(signed="on", style="json", language="zh_Hans"))
        found = await stored(world.kit.vault)
        assert found is not None
        assert found.destination is not None
        assert (found.destination.secret, found.language) == ("canary-secret", "zh_Hans")
        await root.post("/webhook", filled(enabled=""))
        found = await stored(world.kit.vault)
        assert found is not None
        assert (found.signed, found.enabled) == (False, False)


async def test_a_secret_is_made_and_shown_once(world: World) -> None:
    root = await world.admin()
    async with webhook_server() as server:
        page = await root.post("/webhook", filled(server, signed="on"))
        found = await stored(world.kit.vault)
        assert found is not None
        assert found.destination is not None
        secret = found.destination.secret
        assert page.status_code == 200
        assert page.text.count(secret) == 1
        assert len(secret) > 40
        assert secret not in (await root.get("/webhook")).text
        await root.post("/webhook", filled(signed="on"))
        await root.post("/webhook/tests", filled(signed="on"))
        assert verify(secret, server.taken[-1].headers[SIGNATURE.lower()], server.taken[-1].body, 1795348800, 10**9)
        renewed = await root.htmx_post("/webhook", filled(signed="on", renew="on"), shown="/webhook")
        assert secret not in renewed.text
        changed = await stored(world.kit.vault)
        assert changed is not None
        assert changed.destination is not None
        assert changed.destination.secret not in {"", secret}
        assert changed.destination.secret in renewed.text


async def test_a_secret_is_never_used_for_another_address(world: World) -> None:
    root = await world.admin()
    async with webhook_server() as server, webhook_server() as other:
        await keep(world, server, signed="on", secret="canary-secret")
        tried = await root.post("/webhook/tests", filled(other, signed="on"))
        assert "It was not signed" in tried.text
        assert SIGNATURE.lower() not in other.taken[0].headers
        await root.post("/webhook", filled(other, signed="on"))
        found = await stored(world.kit.vault)
        assert found is not None
        assert found.destination is not None
        assert found.destination.secret not in {"", "canary-secret"}


@pytest.mark.parametrize(
    ("changes", "field", "says"),
    [
        ({"url": ""}, "url", "Please enter the address"),
        ({"url": "http://hooks.example.org/a"}, "url", "This cannot be called"),
        ({"url": "https://user:secret@hooks.example.org/a"}, "url", "This cannot be called"),
        ({"url": "https://hooks.example.org:8443/a"}, "url", "on port 443"),
        ({"url": "https://hooks.example.org/\r\nHost: x"}, "url", "single line"),
        ({"url": "https://hooks.example.org/" + "a" * 2_000}, "url", "at most 2000"),
        ({"url": "javascript:alert(1)"}, "url", "This cannot be called"),
        ({"url": "https://oapi.dingtalk.com/robot/send"}, "style", "another service"),
        ({"url": "https://prod-1.westeurope.logic.azure.com/a"}, "style", "another service"),
        ({"url": "https://x.example.org/a", "style": "dingtalk", "signed": "on"}, "secret", "copy the secret"),
        ({"style": "irc"}, "style", "whose address"),
        ({"language": "tlh"}, "language", "one of the values"),
        ({"enabled": "perhaps"}, "enabled", "one of the values"),
        ({"secret": "s" * 201, "signed": "on"}, "secret", "at most 200"),
    ],
)
async def test_each_field_says_what_is_wrong(world: World, changes: dict[str, str], field: str, says: str) -> None:
    root = await world.admin()
    form = filled(url="https://x.example.org/a") | changes
    for path in ("/webhook", "/webhook/tests"):
        for post in (root.post, root.htmx_post):
            answer = await post(path, form)
            assert answer.status_code == 422
            assert says in answer.text
            assert f'id="{field}-error"' in answer.text
    assert not await Webhook.exists()
    assert not await AuditEntry.filter(action__startswith="webhook").exists()


async def test_a_test_shows_at_once_what_came_of_it(world: World) -> None:
    root = await world.admin()
    async with webhook_server() as server:
        told = await root.htmx_post("/webhook/tests", filled(server), shown="/webhook")
        assert f"http://127.0.0.1:{server.port} took the test alert" in told.text
        assert "HTTP 200 after" in told.text
        assert "<html" not in told.text
        assert server.taken[0].json["event"] == "test"
        assert server.taken[0].json["installation"] == world.kit.settings.public_url
        server.status, server.body = 404, "canary-in-the-answer"
        refused = await root.post("/webhook/tests", filled(server))
        assert refused.status_code == 200
        assert "knows no webhook at this address" in refused.text
        assert "HTTP 404 after" in refused.text
        assert "canary-in-the-answer" not in refused.text
        server.status, server.body = 200, '{"errcode": 310000, "errmsg": "sign not match"}'
        signature = filled(server, style="dingtalk", signed="on", secret="SEC")
        wrong = await root.htmx_post("/webhook/tests", signature)
        assert "does not accept the signature" in wrong.text
        assert "310000" in wrong.text
        server.raw = b""
        silent = await root.htmx_post("/webhook/tests", filled(server))
        assert "no answer after" in silent.text
    assert not await Webhook.exists()
    assert await AuditEntry.filter(action="webhook:tested").count() == 4
    states = [each.state for each in await WebhookCall.all().order_by("id")]
    assert states == [CallState.DONE, *[CallState.FAILED] * 3]


async def test_tests_are_counted(world: World) -> None:
    root = await world.admin()
    async with webhook_server() as server:
        answers = await asyncio.gather(*(root.post("/webhook/tests", filled(server)) for _ in range(32)))
        codes = [answer.status_code for answer in answers]
        assert (codes.count(200), codes.count(429)) == (30, 2)
        assert len(server.taken) == 30


async def test_saving_is_on_record_without_the_address(world: World) -> None:
    root = await world.admin()
    async with webhook_server() as server:
        await root.post("/webhook", filled(server, signed="on", secret="canary-secret", style="slack"))
    entry = await AuditEntry.get(action="webhook:saved")
    assert (entry.actor, entry.subject) == ("root", server.url.partition("/hooks")[0])
    assert entry.details == {"service": "slack", "enabled": "yes", "signed": "yes"}
    assert "saved the alerts to" in (await root.get("/audit")).text


async def test_only_administrators_get_there(world: World) -> None:
    for role in (Role.HELPDESK, Role.AUDITOR, Role.USER):
        await world.person(role.value, password=PASSWORD, role=role)
        browser = world.browser()
        await browser.sign_in(role.value, PASSWORD)
        assert (await browser.get("/webhook")).status_code == 403
        assert (await browser.post("/webhook", filled())).status_code == 403
        assert (await browser.post("/webhook/tests", filled())).status_code == 403


async def test_switching_off_drops_what_waits(world: World) -> None:
    async with webhook_server() as server:
        await keep(world, server)
        call = await WebhookCall.create(event="test", created_at=world.clock(), due_at=world.clock())
        await keep(world, server, enabled="")
    await call.refresh_from_db()
    assert (call.state, call.trouble) == (CallState.FAILED, "switched_off")
    page = (await (await world.admin()).get("/webhook")).text
    assert "Alerts were switched off before it was told." in page


async def test_with_other_keys_it_asks_for_the_address_again(world: World) -> None:
    async with webhook_server() as server:
        await keep(world, server, signed="on", secret="canary-secret")
        assert await reseal(world.kit.vault) == 0
        found = await stored(world.kit.vault)
        assert found is not None
        assert found.destination is not None
        other = Vault(Keys.parse("f" * 48))
        lost = await stored(other)
        assert lost is not None
        assert (lost.origin, lost.destination) == ("", None)
        assert await reseal(other) == 2
        await Webhook.all().update(sealed_url="damaged")
        page = (await (await world.admin()).get("/webhook")).text
        assert "a key that is no longer here" in page
    await Webhook.all().delete()
    assert await reseal(world.kit.vault) == 0
