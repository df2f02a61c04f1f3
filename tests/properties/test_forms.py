"""Whatever is sent to any form, the answer is not an error of ours."""

from dataclasses import replace
from urllib.parse import quote_from_bytes

from hypothesis import given
from hypothesis import strategies as st

from tests.properties.profile import bounded
from tests.world import PASSWORD, World
from webapp.principal import Role
from webapp.routes import URLS, Url

FORMS = [url for url in URLS if url.post]
PAGES = [url for url in URLS if url.get and not url.anonymous]
NAMES = st.sampled_from(
    [
        "identifier",
        "password",
        "next",
        "new_password",
        "link",
        "username",
        "email",
        "display_name",
        "role",
        "version",
        "state",
        "host",
        "port",
        "security",
        "auth",
        "sender_address",
        "sender_name",
        "timeout_seconds",
        "ca_certificate",
        "oauth_token_url",
        "recipient",
        "generate",
        "must_change",
        "url",
        "name",
        "colour",
        "support",
        "footer",
        "q",
        "status",
        "after",
        "id",
        "token",
    ]
)
VALUES = (
    st.binary(max_size=40)
    | st.text(max_size=40).map(lambda text: text.encode("utf-8", "surrogatepass"))
    | st.sampled_from([b"", b"0", b"-1", b"9" * 30, b"\x00", b"%", b"\xff\xfe", b"on", b"a" * 5_000, b"\r\nX: y"])
)
PAIRS = st.lists(st.tuples(NAMES, VALUES), max_size=6)
URLENCODED = st.tuples(
    st.just("application/x-www-form-urlencoded"),
    PAIRS.map(lambda pairs: "&".join(f"{name}={quote_from_bytes(value)}" for name, value in pairs).encode())
    | st.binary(max_size=200),
)
MULTIPART = st.tuples(
    st.just("multipart/form-data; boundary=x"),
    PAIRS.map(
        lambda pairs: (
            b"".join(
                b'--x\r\nContent-Disposition: form-data; name="' + name.encode() + b'"\r\n\r\n' + value + b"\r\n"
                for name, value in pairs
            )
            + b"--x--\r\n"
        )
    )
    | st.binary(max_size=200),
)
OTHERS = st.tuples(
    st.sampled_from(["application/json", "text/plain", "", "multipart/form-data", "a/b; charset=utf-16", "\xff"]),
    st.binary(max_size=100),
)
BODIES = URLENCODED | MULTIPART | OTHERS


async def nowhere(*_: object, **__: object) -> None:
    """Opens no connection."""
    raise OSError("not from here")


def path_of(url: Url, user_id: int) -> str:
    return url.path.replace("{id:id}", str(user_id)).replace("{token}", "a.b.c").replace("{kind}", "reset_link")


@bounded(200)
@given(url=st.sampled_from(FORMS), sent=BODIES, signed_in=st.booleans())
async def test_any_bytes_to_any_form(world: World, url: Url, sent: tuple[str, bytes], signed_in: bool) -> None:
    quiet = World(replace(world.kit, dial=nowhere), world.clock, world.passwords)  # type: ignore[arg-type]  # nowhere takes any arguments
    quiet.clock.advance(hours=2)
    name = f"root{int(quiet.clock().timestamp())}"
    person = await quiet.person(name, password=PASSWORD, role=Role.ADMIN)
    browser = await quiet.entered(name) if signed_in else quiet.browser()
    kind, body = sent
    headers = {b"Sec-Fetch-Site": b"same-origin", b"Content-Type": kind.encode("latin-1")}
    answer = await browser.client.post(path_of(url, person.id), content=body, headers=headers)
    await quiet.close()
    assert answer.status_code < 500, answer.text


@bounded(120)
@given(url=st.sampled_from(PAGES), pairs=PAIRS, partial=st.booleans())
async def test_any_query_to_any_page(world: World, url: Url, pairs: list[tuple[str, bytes]], partial: bool) -> None:
    world.clock.advance(hours=2)
    name = f"root{int(world.clock().timestamp())}"
    person = await world.person(name, password=PASSWORD, role=Role.ADMIN)
    browser = await world.entered(name)
    query = "&".join(f"{key}={quote_from_bytes(value)}" for key, value in pairs)
    headers = {"HX-Request": "true", "HX-Request-Type": "partial"} if partial else {}
    answer = await browser.client.get(f"{path_of(url, person.id)}?{query}", headers=headers)
    assert answer.status_code < 500, answer.text
