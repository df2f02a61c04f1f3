"""Unsafe requests from other sites."""

import pytest

from tests.world import PASSWORD, World


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec_Fetch_Site": "cross-site"},
        {"Sec_Fetch_Site": "same-site"},
        {"Sec_Fetch_Site": "none"},
        {"Sec_Fetch_Site": "", "Origin": "http://localhost:8000"},
    ],
)
async def test_a_post_from_elsewhere_changes_nothing(world: World, headers: dict[str, str]) -> None:
    await world.person("alice", password=PASSWORD)
    browser = world.browser()
    await browser.sign_in("alice", PASSWORD)
    assert (await browser.post("/sign-out", {}, **headers)).status_code == 403
    assert (await browser.get("/account")).status_code == 200


@pytest.mark.parametrize(
    ("origin", "status"),
    [
        ("http://localhost:8000", 422),
        ("http://evil.example", 403),
        ("null", 403),
        ("http://localhost:8001", 403),
        ("", 403),
    ],
)
async def test_without_fetch_metadata_the_origin_decides(world: World, origin: str, status: int) -> None:
    browser = world.browser()
    headers = {"Origin": origin} if origin else {}
    response = await browser.client.post("/sign-in", data={"identifier": "a", "password": "b"}, headers=headers)
    assert response.status_code == status
    if status == 403:
        assert "POSTERN_PUBLIC_URL" in response.text


async def test_htmx_gets_the_refusal_as_a_toast(world: World) -> None:
    response = await world.browser().htmx_post("/sign-in", Sec_Fetch_Site="cross-site")
    assert response.status_code == 403
    assert response.headers["hx-reswap"] == "none"
    assert 'hx-target="#toasts"' in response.text
