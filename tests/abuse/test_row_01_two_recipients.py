"""Two recipients in one request: refused, and nothing is written."""

import pytest

from tests.world import World
from webapp.recovery.models import RecoveryRequest

FORM = "application/x-www-form-urlencoded"


@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [
        ("identifier=alice%40example.org&identifier=eve%40example.org", FORM, 422),
        ("identifier[]=alice%40example.org&identifier[]=eve%40example.org", FORM, 422),
        ("identifier[0]=alice&identifier[1]=eve", FORM, 422),
        ("identifier=alice%40example.org%2Ceve%40example.org", FORM, 422),
        ("identifier=alice%40example.org%0ABcc%3A+eve%40example.org", FORM, 422),
        ("identifier=alice%40example.org+eve%40example.org", FORM, 422),
        ('{"identifier": ["alice@example.org", "eve@example.org"]}', "application/json", 415),
        ("identifier=alice", "text/plain", 415),
    ],
)
async def test_a_request_for_two_is_refused(world: World, body: str, kind: str, status: int) -> None:
    await world.person("alice", email="alice@example.org")
    await world.person("eve", email="eve@example.org")
    response = await world.browser().client.post(
        "/password-reset", content=body, headers={"Content-Type": kind, "Sec-Fetch-Site": "same-origin"}
    )
    assert response.status_code == status
    assert not await RecoveryRequest.exists()
