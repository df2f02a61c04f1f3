"""What comes after the sign-in never leaves, as browsers understand addresses (WHATWG URL, 4.4)."""

from urllib.parse import quote

from hypothesis import example, given
from hypothesis import strategies as st
from starlette.responses import RedirectResponse

from tests.properties.profile import bounded
from webapp.attack.http import Origin, Site
from webapp.attack.redirects import leaves
from webapp.web.guards import own_path

SITE = Site(Origin.of("http://localhost:8000"))
PIECES = st.sampled_from(
    ["/", "//", "\\", "/\\", ":", "@", ".", "..", "?", "#", "%2f", "%5c", "%09", "\t", "\n", "\r", " ", "\x00", "\xa0"]
) | st.sampled_from(
    ["http", "https", "javascript", "data", "evil.example", "localhost", "8000", "[", "]", "\u2028", "\u3002", "\uff0f"]
)
TARGETS = st.text() | st.lists(PIECES, max_size=8).map("".join) | st.lists(PIECES, max_size=8).map("/".join)


def host_of(target: str) -> str | None:
    """The host to which a browser goes from `http://localhost:8000/sign-in`; None if it goes nowhere by http.

    Written from the standard's state machine, and on its own, so that two readings of it agree.
    """
    text = "".join(c for c in target.strip("".join(map(chr, range(33)))) if c not in "\t\n\r").replace("\\", "/")
    head, colon, rest = text.partition(":")
    if (
        colon
        and head[:1].isascii()
        and head[:1].isalpha()
        and all(c.isascii() and (c.isalnum() or c in "+-.") for c in head)
    ):
        if head.lower() == "http" and not rest.startswith("/"):
            return "localhost"  # relative, of the same scheme
        if head.lower() not in {"http", "https"}:
            return None
        text = "//" + rest.lstrip("/")
    if not text.startswith("//"):
        return "localhost"
    authority = text.lstrip("/").replace("?", "/").replace("#", "/").partition("/")[0]
    return authority.rpartition("@")[2].partition(":")[0]


@bounded(1_000)
@given(TARGETS)
@example("/\t/evil.example")
@example("/.//evil.example")
@example("//evil.example")
@example("/\\evil.example")
@example("/／evil.example")
def test_no_text_leads_away(target: str) -> None:
    path = own_path(target)
    assert host_of(path) == "localhost"
    assert not leaves(path, SITE)
    assert path in {target, "/"}
    location = RedirectResponse(path, 303).headers["location"]
    assert host_of(location) == "localhost"
    assert host_of(quote(path, safe=":/%#?=@[]!$&'()*+,;")) == "localhost"


@bounded(500)
@given(TARGETS)
def test_the_attack_reads_addresses_as_browsers_do(target: str) -> None:
    if host_of(target) not in {"localhost", "", None} and "8000" not in target:
        assert leaves(target, SITE)


@bounded(200)
@given(st.text(st.characters(min_codepoint=33, max_codepoint=126, exclude_characters="\\"), max_size=50))
def test_an_ordinary_path_is_kept(rest: str) -> None:
    path = "/users" + rest
    assert own_path(path) == path
