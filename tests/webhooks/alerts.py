"""A webhook for tests: filled in as the page would."""

from tests.webhook_server import WebhookServer
from tests.world import World
from webapp.audit.record import Actor
from webapp.fields import Valid, check
from webapp.webhooks.form import WebhookForm
from webapp.webhooks.stored import Saved, Unfit, save


def filled(server: WebhookServer | None = None, **changes: str) -> dict[str, str]:
    """The form's fields."""
    usual = {"url": server.url if server else "", "style": "json", "language": "en", "enabled": "on"}
    return {**usual, **changes}


async def keep(world: World, server: WebhookServer | None = None, **changes: str) -> Saved | Unfit:
    """Save the webhook."""
    checked = check(WebhookForm, filled(server, **changes))
    assert isinstance(checked, Valid), checked
    return await save(checked.form, world.kit.vault, actor=Actor("tests"), now=world.clock())
