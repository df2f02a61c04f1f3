"""What every answer carries, and how refusals and failures look."""

from tests.world import PASSWORD, World
from webapp.web.headers import CONTENT_SECURITY_POLICY


async def test_every_answer_carries_the_security_headers(world: World) -> None:
    browser = world.browser()
    for path in ("/sign-in", "/nothing-here", "/static/app.css", "/healthz", "/users"):
        headers = (await browser.get(path)).headers
        assert headers["content-security-policy"] == CONTENT_SECURITY_POLICY
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "same-origin"
        assert "strict-transport-security" not in headers


async def test_pages_are_not_kept_and_static_files_are(world: World) -> None:
    browser = world.browser()
    page = await browser.get("/sign-in")
    assert page.headers["cache-control"] == "no-store"
    assert "HX-Request-Type" in page.headers["vary"]
    stylesheet = page.text.partition('rel="stylesheet" href="')[2].partition('"')[0]
    marked = await browser.get(stylesheet)
    assert marked.status_code == 200
    assert "immutable" in marked.headers["cache-control"]
    assert (await browser.get("/static/app.css")).headers["cache-control"] == "no-cache"


async def test_an_unknown_page_says_so_with_a_way_on(world: World) -> None:
    response = await world.browser().get("/nothing-here")
    assert response.status_code == 404
    assert 'href="/"' in response.text


async def test_a_path_with_a_slash_too_many_is_not_redirected_by_the_host_header(world: World) -> None:
    response = await world.browser().get("/sign-in/", Host="evil.example")
    assert response.status_code == 404
    assert "evil.example" not in response.text


async def test_a_wrong_method_is_405(world: World) -> None:
    response = await world.browser().post("/healthz")
    assert response.status_code == 405
    assert "GET" in response.headers["allow"]


async def test_a_field_given_twice_is_refused(world: World) -> None:
    browser = world.browser()
    body = "identifier=a&identifier=b&password=c"
    response = await browser.client.post(
        "/sign-in",
        content=body,
        headers={"Sec-Fetch-Site": "same-origin", "Content-Type": "application/x-www-form-urlencoded"},
    )
    assert response.status_code == 422


async def test_what_is_not_a_form_is_refused(world: World) -> None:
    browser = world.browser()
    response = await browser.client.post(
        "/sign-in", json={"identifier": ["a", "b"]}, headers={"Sec-Fetch-Site": "same-origin"}
    )
    assert response.status_code == 415


async def test_unknown_fields_nul_and_broken_utf8_are_refused(world: World) -> None:
    browser = world.browser()
    for body in (
        b"identifier=a&password=b&role=admin",
        b"identifier=a%00b&password=c",
        b"identifier=%ff%fe&password=c",
        b"identifier=" + b"a" * 80_000 + b"&password=c",
    ):
        response = await browser.client.post(
            "/sign-in",
            content=body,
            headers={"Sec-Fetch-Site": "same-origin", "Content-Type": "application/x-www-form-urlencoded"},
        )
        assert response.status_code == 422, body[:40]


async def test_a_body_that_is_too_large_is_413(world: World) -> None:
    response = await world.browser().post("/sign-in", {"identifier": "a" * 600_000, "password": "b"})
    assert response.status_code == 413


async def test_a_flood_of_fields_is_refused(world: World) -> None:
    response = await world.browser().post("/sign-in", {f"f{i}": "x" for i in range(500)})
    assert response.status_code == 400


async def test_the_language_is_the_browsers_unless_chosen(world: World) -> None:
    browser = world.browser(language="zh-CN,zh;q=0.9,en;q=0.5")
    page = await browser.get("/sign-in")
    assert '<html lang="zh-Hans"' in page.text
    chosen = await browser.get("/sign-in?language=en")
    assert '<html lang="en"' in chosen.text
    assert '<html lang="en"' in (await browser.get("/sign-in")).text


async def test_a_language_there_is_no_catalogue_for_is_passed_over(world: World) -> None:
    assert '<html lang="en"' in (await world.browser().get("/sign-in?language=tlh")).text


async def test_an_id_of_thousands_of_digits_is_nobodys(world: World) -> None:
    browser = await world.admin()
    for digits in (19, 5_000):
        assert (await browser.get("/users/" + "9" * digits)).status_code == 404
    assert (await browser.get("/users/" + "9" * 18)).status_code == 404


async def test_a_form_in_another_encoding_than_utf8_is_refused_before_it_is_read(world: World) -> None:
    browser = world.browser()
    body = b'--X\r\nContent-Disposition: form-data; name="identifier"\r\n\r\n' + b"b" * 280_000 + b"\r\n--X--\r\n"
    for charset in ("punycode", "undefined", "idna", "unicode_escape", '"utf-7"'):
        response = await browser.client.post(
            "/password-reset",
            content=body,
            headers={
                "Sec-Fetch-Site": "same-origin",
                "Content-Type": f"multipart/form-data; boundary=X; charset={charset}",
            },
        )
        assert response.status_code == 415, charset


async def test_a_malformed_current_url_is_no_failure(world: World) -> None:
    stranger = await world.browser().get("/users", HX_Request_Type="partial", HX_Current_URL="http://[x")
    assert (stranger.status_code, stranger.headers["hx-redirect"]) == (401, "/sign-in")
    browser = await world.admin()
    assert (await browser.get("/users", HX_Request_Type="partial", HX_Current_URL="http://[x")).status_code == 200


async def test_a_target_in_any_script_is_gone_to_by_htmx(world: World) -> None:
    await world.admin()
    response = await world.browser().htmx_post(
        "/sign-in", {"identifier": "root", "password": PASSWORD, "next": "/users?q=用户"}
    )
    assert response.headers["hx-redirect"] == "/users?q=%E7%94%A8%E6%88%B7"


async def test_a_static_file_carries_no_cookie_for_everybody(world: World) -> None:
    response = await world.browser().get("/static/app.css?v=1&language=zh_Hans")
    assert "set-cookie" not in response.headers
