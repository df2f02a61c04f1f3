"""Requests that led to no letter: why, for administrators alone, and without what was typed after a day."""

from html import unescape

import pytest

from tests.postal import ask, post
from tests.world import PASSWORD, World
from webapp.delivery.log.requests import REASONS, TYPED_IS_SHOWN
from webapp.recovery.models import RecoveryRequest, RequestOutcome
from webapp.users.models import User, UserState


async def test_each_reason_is_told_in_words(world: World) -> None:
    root = await world.admin()
    await world.person("homeless")
    shut = await world.person("shut", email="shut@example.org")
    frozen = await world.person("frozen", email="frozen@example.org")
    await User.filter(id=shut.id).update(state=UserState.DISABLED)
    await User.filter(id=frozen.id).update(frozen_at=world.clock())
    for identifier in ("nobody@example.com", "homeless", "homeless", "shut@example.org", "frozen", "root"):
        await ask(world, identifier, address="192.0.2.7")
    await post(world)
    page = unescape((await root.get("/mail-log/requests")).text)
    for outcome in (
        RequestOutcome.NO_SUCH_ACCOUNT,
        RequestOutcome.NO_ADDRESS,
        RequestOutcome.REPEATED,
        RequestOutcome.DISABLED,
        RequestOutcome.FROZEN,
    ):
        assert f"<span>{REASONS[outcome]}</span>" in page
    assert page.count("192.0.2.7") == 5
    assert "<bdi>nobody@example.com</bdi>" in page
    assert f'<a href="/users/{shut.id}">shut</a>' in page
    assert "<bdi>root</bdi>" not in page
    one = unescape((await root.htmx_get("/mail-log/requests?reason=disabled")).text)
    assert one.count("<bdi>") == 1
    assert "<bdi>shut@example.org</bdi>" in one


def test_every_outcome_but_a_letter_has_words() -> None:
    assert set(RequestOutcome) - set(REASONS) == {RequestOutcome.LETTER}


async def test_what_was_typed_is_not_shown_after_a_day_even_if_it_is_still_there(world: World) -> None:
    root = await world.admin()
    await ask(world, "nobody@example.com")
    await post(world)
    world.clock.advance(seconds=TYPED_IS_SHOWN.total_seconds() - 1)
    root = world.browser()
    await root.sign_in("root", PASSWORD)
    assert "nobody@example.com" in (await root.get("/mail-log/requests")).text
    world.clock.advance(seconds=1)
    later = (await root.get("/mail-log/requests")).text
    assert (await RecoveryRequest.get()).sealed_identifier
    assert "nobody@example.com" not in later
    assert str(REASONS[RequestOutcome.NO_SUCH_ACCOUNT]) in later


async def test_what_cannot_be_read_is_left_out(world: World) -> None:
    root = await world.admin()
    await ask(world, "nobody@example.com")
    await post(world)
    await RecoveryRequest.all().update(sealed_identifier="not sealed")
    page = await root.get("/mail-log/requests")
    assert page.status_code == 200
    assert "not sealed" not in page.text


@pytest.mark.parametrize("role", ["auditor", "helpdesk", "user"])
async def test_only_administrators_see_them(world: World, role: str) -> None:
    await world.person("somebody", email="s@example.org", password=PASSWORD, role=role)
    browser = world.browser()
    await browser.sign_in("somebody", PASSWORD)
    assert (await browser.get("/mail-log/requests")).status_code == 403


async def test_they_are_paged(world: World) -> None:
    root = await world.admin()
    made = [
        RecoveryRequest(
            identifier_digest="x",
            language="en",
            network=f"n{number:03}",
            requested_at=world.clock(),
            resolved_at=world.clock(),
            outcome=RequestOutcome.NO_SUCH_ACCOUNT,
        )
        for number in range(60)
    ]
    await RecoveryRequest.bulk_create(made)
    page = (await root.get("/mail-log/requests?reason=no_such_account")).text
    assert "n059" in page
    assert "n009" not in page
    more = unescape(page.partition('id="requests-more"')[2].partition('href="')[2].partition('"')[0])
    assert more.startswith("/mail-log/requests?reason=no_such_account&after=")
    last = (await root.get(more)).text
    assert "n009" in last
    assert "Show more" not in last
    assert "Back to the newest" in last


async def test_an_empty_list_says_so(world: World) -> None:
    root = await world.admin()
    assert "Every request led to a letter" in (await root.get("/mail-log/requests")).text
    assert "No such requests" in (await root.get("/mail-log/requests?reason=frozen")).text
    narrowed = await root.htmx_get("/mail-log/requests?reason=frozen", shown="/mail-log/requests")
    assert narrowed.headers["HX-Push-Url"] == "/mail-log/requests?reason=frozen"


@pytest.mark.parametrize("query", ["reason=letter", "reason=strange", "after=x", "after=99999999999999999999"])
async def test_what_makes_no_sense_is_refused(world: World, query: str) -> None:
    assert (await (await world.admin()).get(f"/mail-log/requests?{query}")).status_code == 422
