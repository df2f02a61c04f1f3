"""After signing in one comes to a page of ours, whatever ``next``, the Host or htmx's headers say."""

from tests.world import PASSWORD, World

EVIL = (
    "https://evil.example/",
    "//evil.example",
    "///evil.example",
    "/\\evil.example",
    "\\\\evil.example",
    "/\t/evil.example",
    "/\n/evil.example",
    "http:evil.example",
    "javascript:alert(1)",
    "data:text/html,x",
    " https://evil.example",
    "/%09/evil.example\r\nLocation: https://evil.example",
    "https:/evil.example",
    "@evil.example",
    ".evil.example",
)


async def test_next_leads_nowhere_else(world: World) -> None:
    await world.person("alice", password=PASSWORD)
    signed_in = await world.entered("alice")
    for number, evil in enumerate(EVIL):
        browser = world.browser(address=f"198.51.100.{number}")
        page = await browser.client.get("/sign-in", params={"next": evil})
        if page.status_code == 200:
            assert browser.hidden(page, "next") == "/", evil
        answer = await browser.post("/sign-in", {"identifier": "alice", "password": PASSWORD, "next": evil})
        assert answer.headers["location"] == "/", evil
        assert "hx-redirect" not in answer.headers
        there = await signed_in.client.get("/sign-in", params={"next": evil})
        assert there.headers.get("location", "/") == "/", evil


async def test_htmx_is_sent_to_paths_of_our_own(world: World) -> None:
    browser = world.browser()
    for shown in ("https://evil.example/users?q=x", "//evil.example/users?q=x", "https://localhost:8000@evil.example/"):
        headers = {"HX_Request": "true", "HX_Request_Type": "partial", "HX_Current_URL": shown}
        answer = await browser.get("/users", **headers)
        assert answer.status_code == 401
        assert answer.headers["hx-redirect"].startswith("/sign-in")
        assert "evil" not in answer.headers["hx-redirect"]


async def test_neither_host_nor_forwarding_headers_decide_where_one_is_sent(world: World) -> None:
    await world.person("alice", password=PASSWORD)
    headers = {"Host": "evil.example", "X_Forwarded_Host": "evil.example", "X_Forwarded_Proto": "https"}
    fields = {"identifier": "alice", "password": PASSWORD, "next": "/account"}
    answer = await world.browser().post("/sign-in", fields, **headers)
    assert answer.headers["location"] == "/account"
