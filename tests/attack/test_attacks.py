"""The attacks against Postern, which holds, and against a weak server, where each must see that it does not."""

import ssl
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import trustme

from tests.attack.tls_proxy import tls_proxy
from tests.attack.weak_server import KNOWN, weak_server
from tests.served import served
from webapp.attack.enumeration import on_the_sign_in_page
from webapp.attack.http import MOST_REQUESTS, NO_HEADERS, Answer, NoAnswer, Origin, Site, TooManyRequests
from webapp.attack.plan import Finding, attacks, run
from webapp.attack.verdict import Held, NotHeld, NotTried
from webapp.db.connect import Database

OVER_TLS = {"TLS certificate", "old TLS", "TLS asked for", "cookies over TLS"}
NAMES = [attack.name for attack in attacks()]


async def found(site: Site, *names: str, existing: str = KNOWN) -> dict[str, Finding]:
    """What these attacks come to, or all."""
    planned = tuple(each for each in attacks(existing) if not names or each.name in names)
    return {finding.attack.name: finding async for finding in run(site, planned)}


async def test_postern_holds(db: Database, tmp_path: Path) -> None:
    async with served(db, tmp_path) as running:
        await running.world.person(KNOWN, email="ann@example.org", password="correct horse battery 1")
        findings = await found(Site(Origin.of(running.url)))
    assert {name: each.verdict for name, each in findings.items() if isinstance(each.verdict, NotHeld)} == {}
    assert {name for name, each in findings.items() if isinstance(each.verdict, NotTried)} == OVER_TLS
    assert "Looked at postern_asked, postern_language." in str(findings["cookies"].verdict)


async def test_postern_behind_tls_holds(db: Database, tmp_path: Path) -> None:
    authority = trustme.CA()
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(context)
    async with tls_proxy(context) as proxy, served(db, tmp_path, public_url=proxy.url) as running:
        proxy.port = urlsplit(running.url).port or 0
        site = Site(Origin.of(proxy.url), authority=tmp_path / "ca.pem")
        findings = await found(site, *OVER_TLS, "cookies", "foreign forms", "content policy")
    assert {name: each.verdict for name, each in findings.items() if not isinstance(each.verdict, Held)} == {}
    assert "__Host-postern_language" in str(findings["cookies"].verdict)


@pytest.mark.parametrize("name", [name for name in NAMES if name not in OVER_TLS])
async def test_an_attack_sees_what_is_weak(name: str) -> None:
    async with weak_server() as url:
        (finding,) = (await found(Site(Origin.of(url)), name)).values()
    assert isinstance(finding.verdict, NotHeld), finding
    assert all(fault.endswith(".") for fault in finding.verdict.faults)


async def test_an_attack_sees_a_certificate_that_nobody_trusts_and_tls_that_is_not_asked_for() -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("localhost").configure_cert(context)
    async with weak_server(context) as url:
        names = ("TLS certificate", "TLS asked for", "cookies over TLS")
        findings = await found(Site(Origin.of(url), verify=False), *names)
    assert "not trusted" in str(findings["TLS certificate"].verdict)
    assert isinstance(findings["TLS asked for"].verdict, NotHeld)
    assert findings["cookies over TLS"].verdict == NotHeld(
        ("session: Secure is missing.", "session: The prefix __Host- or __Secure- is missing.")
    )


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion")
async def test_an_attack_sees_old_tls() -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version, context.maximum_version = ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1
    context.set_ciphers("ALL:@SECLEVEL=0")
    trustme.CA().issue_cert("localhost").configure_cert(context)
    async with weak_server(context) as url:
        (finding,) = (await found(Site(Origin.of(url), verify=False), "old TLS")).values()
    assert isinstance(finding.verdict, NotHeld), finding


async def test_what_tells_a_known_name_from_others_is_said() -> None:
    async with weak_server() as url:
        findings = await found(Site(Origin.of(url)), "names at recovery", "names at sign-in")
    said = {name: str(each.verdict) for name, each in findings.items()}
    assert "POST /sign-in answers ann unlike an unknown name: " in said["names at sign-in"]
    for difference in ("status 500 against 200", "cookies 0 against 1", "characters 22 against ", "the header x-user"):
        assert difference in said["names at sign-in"]
        assert difference in said["names at recovery"]
    assert "7" not in said["names at sign-in"].partition("x-user")[2], "values of headers are not repeated"


async def test_without_a_name_enumeration_is_not_tried() -> None:
    async with weak_server() as url:
        findings = await found(Site(Origin.of(url)), "names at recovery", "names at sign-in", existing="")
    assert all(isinstance(each.verdict, NotTried) for each in findings.values())


@pytest.mark.parametrize(
    ("known", "unknown", "said"),
    [
        (["aa", "aa"], ["bb", "bb"], "unlike an unknown name: the text of the page."),
        (["aa", "a"], ["aa", "a"], "The same answers; "),
    ],
)
async def test_pages_of_one_length_are_compared_by_their_text(known: list[str], unknown: list[str], said: str) -> None:
    verdict = await on_the_sign_in_page(_answering(known, unknown), KNOWN)
    assert said in str(verdict)


async def test_names_are_not_tried_when_the_tries_are_used_up() -> None:
    verdict = await on_the_sign_in_page(_answering([], []), KNOWN)
    assert isinstance(verdict, NotTried)


def _answering(known: list[str], unknown: list[str]) -> Site:
    """A site that gives these pages by turns; 429 where there are none."""

    class Answering(Site):
        async def post(self, target: str, fields: Mapping[str, str], headers: Mapping[str, str] = NO_HEADERS) -> Answer:
            assert (target, headers) == ("/sign-in", NO_HEADERS)
            pages = known if fields["identifier"] == KNOWN else unknown
            body = pages[0].encode() if pages else b""
            pages[:] = pages[1:] + pages[:1]
            return Answer(200 if body else 429, (), body, 0.001)

    return Answering(Origin.of("http://127.0.0.1:9"))


async def test_a_run_sends_no_more_than_it_may() -> None:
    async with weak_server() as url:
        site = Site(Origin.of(url))
        for _ in range(MOST_REQUESTS):
            await site.get("/healthz")
        with pytest.raises(TooManyRequests):
            await site.get("/healthz")
        (finding,) = (await found(site, "caches")).values()
    assert isinstance(finding.verdict, NotTried)


async def test_a_server_that_is_gone_has_not_held() -> None:
    async with weak_server() as url:
        pass
    with pytest.raises(NoAnswer):
        await Site(Origin.of(url)).get("/")
    (finding,) = (await found(Site(Origin.of(url)), "caches")).values()
    assert isinstance(finding.verdict, NotHeld)


@pytest.mark.parametrize("url", ["", "ftp://h", "https://h/path", "https://u:p@h", "h", "https://", "http://h/?q"])
def test_only_an_origin_is_attacked(url: str) -> None:
    with pytest.raises(ValueError, match="must"):
        Origin.of(url)


def test_an_origin_is_written_as_browsers_write_it() -> None:
    assert str(Origin.of("https://H.example:443/")) == "https://h.example"
    assert str(Origin.of("http://[::1]:8000")) == "http://[::1]:8000"
