"""The page of the sender's domain, and the card beside the settings."""

import pytest

from tests.dns_server import SILENCE, NameServer, name_server
from tests.mail_server.conftest import SignIn
from tests.mail_server.domain.zones import HOST, RELAY, good, txt
from tests.mail_server.filling import error_of, fields
from tests.world import Browser, World
from webapp.mail_server.domain.endpoints import CHECKS
from webapp.mail_server.models import Revision, Verdict
from webapp.principal import Role

PATH = "/mail-server/domain"
TYPED = f"{PATH}?domain=example.org&selector=mail2026&host={HOST}"


def answered_by(world: World, server: NameServer, seconds: float = 10) -> None:
    world.state["ask"] = server.ask(seconds=seconds)


async def test_the_page_says_how_the_saved_senders_domain_stands(world: World, alice: Browser) -> None:
    await alice.post("/mail-server", fields(host=HOST))
    assert f'href="{PATH}"' in (await alice.get("/mail-server")).text
    async with name_server(good(example__org=txt("v=spf1 -all"))) as server:
        answered_by(world, server)
        page = await alice.get(PATH)
    assert page.status_code == 200
    assert "<html" in page.text
    for words in (
        "Answers and bounces (MX)",
        "Who may send (SPF)",
        "Signatures (DKIM)",
        "Policy (DMARC)",
        "reverse DNS",
    ):
        assert words in page.text
    assert f"v=spf1 ip4:{RELAY} -all" in page.text
    assert 'data-copy="publish-spf"' in page.text
    assert await Verdict.all().count() == 0
    assert await Revision.all().count() == 1


async def test_htmx_gets_the_card_alone_with_the_values_on_the_screen(world: World, alice: Browser) -> None:
    await alice.post("/mail-server", fields(host="other.example.com", sender_address="a@example.com"))
    async with name_server(good()) as server:
        answered_by(world, server)
        part = await alice.htmx_get(f"{PATH}?sender_address=postern@example.org&host={HOST}")
        page = await alice.get(f"{PATH}?sender_address=postern@example.org&host={HOST}")
    assert part.text.strip().startswith('<section class="card" id="domain-check"')
    assert part.text.strip() in page.text
    assert f"example.org, with letters handed to {HOST} ({RELAY})" in part.text
    assert 'value="example.org"' in part.text


async def test_an_internationalised_domain_is_shown_as_it_is_meant(world: World, alice: Browser) -> None:
    async with name_server({"xn--bcher-kva.example": txt(f"v=spf1 ip4:{RELAY} -all")}) as server:
        answered_by(world, server)
        page = await alice.get(f"{PATH}?domain=b%C3%BCcher.example&host={RELAY}")
    assert "bücher.example (xn--bcher-kva.example)" in page.text
    assert "The SPF record admits the relay" in page.text


@pytest.mark.parametrize(
    "domain", ["a@example.org", "https://example.org", "192.0.2.1", "two words", "x" * 300, "a..b", "-a.example"]
)
async def test_a_wrong_domain_is_422_at_its_field(world: World, alice: Browser, domain: str) -> None:
    async with name_server({}) as server:
        answered_by(world, server)
        for get in (alice.get, alice.htmx_get):
            response = await get(f"{PATH}?domain={domain}")
            assert response.status_code == 422
            assert "example.org" in error_of(response, "domain")
        assert server.questions == []


@pytest.mark.parametrize("selector", ["a b", "a;b", "x" * 101, "._domainkey", "<b>"])
async def test_a_wrong_selector_is_422_at_its_field(alice: Browser, selector: str) -> None:
    response = await alice.get(f"{PATH}?domain=example.org&selector={selector}")
    assert response.status_code == 422
    assert "s= of a letter" in error_of(response, "selector")


async def test_without_a_sender_the_domain_is_asked_for(alice: Browser) -> None:
    page = await alice.get(PATH)
    assert page.status_code == 200
    assert 'name="domain"' in page.text
    assert "reverse DNS)" not in page.text


async def test_a_name_service_that_is_silent_is_a_warning(world: World, alice: Browser) -> None:
    async with name_server({"example.org": SILENCE}) as server:
        answered_by(world, server, seconds=0.3)
        page = await alice.get(TYPED)
    assert page.status_code == 200
    assert "did not answer in time" in page.text


async def test_what_is_published_is_shown_as_text(world: World, alice: Browser) -> None:
    hostile = 'v=spf1 <img src=x onerror=alert(1)> "><script>alert(1)</script> -all'
    async with name_server(good(example__org=txt(hostile))) as server:
        answered_by(world, server)
        page = await alice.get(TYPED)
    assert "&lt;img" in page.text
    assert "<img" not in page.text
    assert "<script>" not in page.text


@pytest.mark.parametrize("role", [Role.HELPDESK, Role.AUDITOR, Role.USER])
async def test_only_administrators_may_ask(sign_in: SignIn, role: Role) -> None:
    assert (await (await sign_in("eve", role)).get(TYPED)).status_code == 403


async def test_one_administrator_checks_thirty_times_a_minute(world: World, alice: Browser) -> None:
    async with name_server({}) as server:
        answered_by(world, server)
        for _ in range(CHECKS.limit):
            assert (await alice.htmx_get(TYPED)).status_code == 200
        assert (await alice.htmx_get(TYPED)).status_code == 429
        assert (await alice.get(TYPED)).status_code == 429
