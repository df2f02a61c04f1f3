"""When a pause of the queue is told."""

from datetime import timedelta
from random import Random

from tests.webhook_server import webhook_server
from tests.webhooks.alerts import keep
from tests.world import World
from webapp.delivery import pause
from webapp.smtp.reply import Reply
from webapp.smtp.rung import Outcome, Rung, Step
from webapp.webhooks.models import WebhookCall

SERVER = pause.Server(1, "f" * 64, host="smtp.example.org", port=587)
BUSY = Rung(Step.GREETING, Outcome.FAILED, 1.0, reply=Reply(421, "4.3.2", "too busy"))


async def begin(world: World, server: pause.Server = SERVER, *, until_changed: bool = False) -> None:
    await pause.begin(server, BUSY, until_changed=until_changed, now=world.clock(), randomness=Random(1))


async def told(world: World) -> list[str]:
    return [each.event for each in await WebhookCall.all().order_by("id")]


async def test_a_moments_rest_alerts_nobody(world: World) -> None:
    async with webhook_server() as hook:
        await keep(world, hook)
        await begin(world)
        await begin(world)
        await pause.end(SERVER, now=world.clock())
        await pause.end(SERVER, now=world.clock())
        assert await told(world) == []


async def test_a_pause_that_lasts_is_told_once_and_so_is_its_end(world: World) -> None:
    async with webhook_server() as hook:
        await keep(world, hook)
        for _ in range(5):
            await begin(world)
        assert await told(world) == ["queue.paused"]
        call = await WebhookCall.get()
        assert call.facts == {
            "slot": "primary",
            "host": "smtp.example.org",
            "port": "587",
            "step": "greeting",
            "reply": "421 4.3.2 too busy",
        }
        await begin(world, until_changed=True)
        assert await told(world) == ["queue.paused"]
        await pause.end(SERVER, now=world.clock())
        assert await told(world) == ["queue.paused", "queue.resumed"]


async def test_a_pause_until_something_changes_is_told_at_once(world: World) -> None:
    async with webhook_server() as hook:
        await keep(world, hook)
        await begin(world, until_changed=True)
        assert await pause.sign_in_refused(SERVER.fingerprint)
        assert await told(world) == ["queue.paused"]
        other = pause.Server(2, "e" * 64)
        world.clock.now += timedelta(minutes=1)
        assert isinstance(await pause.state(other, now=world.clock()), pause.Go)
        assert await told(world) == ["queue.paused", "queue.resumed"]
