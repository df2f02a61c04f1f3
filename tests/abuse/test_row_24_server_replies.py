"""Markup in what a mail server or a webhook answers is inert text, in banners, on the start page and elsewhere."""

from tests.abuse.test_row_24_mail_log import planted
from tests.postal import crew, use_server
from tests.smtp_server import replies, scripted_server, smtp_server
from tests.webhook_server import webhook_server
from tests.webhooks.alerts import filled, keep
from tests.world import World
from webapp.crew import create_caller, create_canary
from webapp.delivery.models import Pause
from webapp.health.models import Check
from webapp.mail_server.models import Slot
from webapp.outbox.enqueue import Order, enqueue

MARKUP = "<img src=x onerror=alert(1)><a href=https://evil.example hx-get=/audit>{{ 7*7 }} %(name)s</a>"
EHLO = f"250-mail.example.com {MARKUP}\r\n250-{MARKUP}\r\n250 AUTH PLAIN"
PAGES = ("/", "/mail-server", "/mail-server/fallback", "/mail-server/revisions", "/webhook", "/mail-log")


async def test_what_servers_answer_is_shown_as_text(world: World) -> None:
    root = await world.admin()
    person = await world.person("alice", email="alice@example.org")
    script = replies({"EHLO": EHLO, "AUTH": f"535 5.7.8 {MARKUP}"})
    hooks = webhook_server(status=500, body=MARKUP)
    async with scripted_server(script) as hostile, smtp_server() as second, hooks as alerts:
        where = {"host": hostile.host, "port": str(hostile.port)}
        await use_server(world, None, **where, auth="password", username="postern", password="secret")
        await use_server(world, second, slot=Slot.FALLBACK)
        await keep(world, alerts)
        tested = await root.post("/webhook/tests", filled(alerts))
        made = create_canary(world.kit)
        assert made is not None
        await made.once()
        order = Order(kind="password_changed", recipient="alice@example.org", language="en", user_id=person.id)
        await enqueue(order, now=world.clock())
        worker = crew(world).worker
        await worker.once()
        await worker.aclose()
        await create_caller(world.kit).once()
    assert "onerror" in (await Pause.get()).reply
    assert "onerror" in (await Check.get(slot=Slot.PRIMARY)).reply
    pages = [tested, *[await root.get(path) for path in PAGES], *[await root.htmx_get(path) for path in PAGES]]
    assert any("onerror" in page.text for page in pages), "the reply is shown, as text"
    for page in pages:
        assert page.status_code == 200
        assert not planted(page.text)
