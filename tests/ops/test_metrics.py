import pytest
from pydantic import SecretStr
from starlette.types import Receive, Scope, Send

from tests.health.test_canary import FULL, canary, use_script
from tests.smtp_server import scripted_server
from tests.world import PASSWORD, World
from webapp.outbox.enqueue import Order, enqueue
from webapp.principal import Role
from webapp.web.measured import Measured, Measurements

TOKEN = "a-token-for-prometheus"


def with_token(world: World) -> None:
    settings = world.kit.settings.model_copy(update={"metrics_token": SecretStr(TOKEN)})
    world.state["settings"] = settings


async def test_requests_are_counted_by_route_and_status(world: World) -> None:
    browser = world.browser()
    for path in ("/sign-in", "/sign-in", "/password-reset/a-token-in-the-url", "/nowhere/at/all"):
        await browser.get(path)
    text = (await browser.get("/metrics")).text
    assert 'postern_requests_total{method="GET",route="/sign-in",status="200"} 2.0' in text
    assert 'postern_requests_total{method="GET",route="/password-reset/{token}",status="410"} 1.0' in text
    assert 'postern_requests_total{method="GET",route="-",status="404"} 1.0' in text
    assert 'postern_request_seconds_count{route="/sign-in"} 2.0' in text
    assert "a-token-in-the-url" not in text
    assert "nowhere" not in text


async def test_letters_are_counted_by_state(world: World) -> None:
    await enqueue(Order(kind="test", recipient="canary@example.org", language="en"), now=world.clock())
    text = (await world.browser().get("/metrics")).text
    assert 'postern_letters{state="queued"} 1.0' in text
    assert 'postern_letters{state="failed"} 0.0' in text
    assert "postern_database_up 1.0" in text
    assert "canary" not in text


async def test_the_queue_and_the_mail_server_are_measured(world: World) -> None:
    browser = world.browser()
    text = (await browser.get("/metrics")).text
    assert "postern_queue_age_seconds 0.0" in text
    assert "postern_mail_server_up{" not in text
    await enqueue(Order(kind="test", recipient="canary@example.org", language="en"), now=world.clock())
    world.clock.advance(minutes=2)
    bird = canary(world)
    async with scripted_server(FULL) as server:
        await use_script(world, server.port)
        await bird.once()
        assert 'postern_mail_server_up{slot="primary"} 1.0' in (await browser.get("/metrics")).text
        world.clock.advance(minutes=1)
        await bird.once()
    text = (await browser.get("/metrics")).text
    assert "postern_queue_age_seconds 180.0" in text
    assert 'postern_mail_server_up{slot="primary"} 0.0' in text
    assert 'postern_mail_server_looked_at_seconds{slot="primary"} 1.79' in text


@pytest.mark.parametrize("address", ["192.0.2.7", "2001:db8::7", "testclient"])
async def test_another_machine_needs_the_token(world: World, address: str) -> None:
    browser = world.browser(address=address)
    refused = await browser.get("/metrics")
    assert refused.status_code == 401
    assert refused.headers["WWW-Authenticate"] == "Bearer"
    assert (await browser.get("/metrics", Authorization="Bearer ")).status_code == 401
    with_token(world)
    for wrong in ("", f"Bearer {TOKEN}x", f"Basic {TOKEN}", TOKEN, "Bearer"):
        assert (await browser.get("/metrics", Authorization=wrong)).status_code == 401
    odd = await browser.client.get("/metrics", headers={b"Authorization": b"Bearer \xff"})
    assert odd.status_code == 401
    assert (await browser.get("/metrics", Authorization=f"bearer {TOKEN}")).status_code == 200


@pytest.mark.parametrize("address", ["127.0.0.1", "::1"])
async def test_this_machine_needs_no_token(world: World, address: str) -> None:
    assert (await world.browser(address=address).get("/metrics")).status_code == 200


@pytest.mark.parametrize("header", ["X_Forwarded_For", "Forwarded", "X_Real_IP", "Via"])
async def test_a_proxy_on_this_machine_is_not_this_machine(world: World, header: str) -> None:
    assert (await world.browser().get("/metrics", **{header: "192.0.2.7"})).status_code == 401


async def test_a_sign_in_opens_no_measurements(world: World) -> None:
    await world.person("root", password=PASSWORD, role=Role.ADMIN)
    browser = world.browser(address="192.0.2.7")
    await browser.sign_in("root", PASSWORD)
    assert (await browser.get("/metrics")).status_code == 401


async def test_made_up_methods_are_counted_as_one() -> None:
    async def silent(_scope: Scope, _receive: Receive, _send: Send) -> None:
        return

    measurements = Measurements()
    app = Measured(silent, measurements=measurements)
    for method in ("BREW", "PROPFIND"):
        await app({"type": "http", "method": method}, None, None)  # type: ignore[arg-type] # neither is used
    await app({"type": "lifespan"}, None, None)  # type: ignore[arg-type] # likewise
    found = measurements.registry.get_sample_value(
        "postern_requests_total", {"method": "other", "route": "-", "status": "0"}
    )
    assert found == 2
