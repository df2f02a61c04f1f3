"""The page where administrators begin."""

import re
from datetime import UTC, datetime, timedelta

import pytest

from tests.health.test_canary import FULL, canary, passed, use_script
from tests.postal import use_server
from tests.smtp_server import scripted_server, smtp_server
from tests.webhook_server import webhook_server
from tests.webhooks.alerts import keep
from tests.world import PASSWORD, World
from webapp.delivery.statistics import Bucket
from webapp.outbox.models import Letter, LetterState
from webapp.principal import Role
from webapp.start.chart import HEIGHT, chart


async def letters(world: World, state: LetterState, count: int, *, ago: timedelta = timedelta()) -> None:
    asked = world.clock() - ago
    for _ in range(count):
        await Letter.create(
            kind="reset_link",
            recipient="<b>alice</b>@example.org",
            language="en",
            state=state,
            created_at=asked,
            due_at=asked,
            finished_at=None if state is LetterState.QUEUED else asked + timedelta(seconds=2),
            reason="no_such_account" if state is LetterState.FAILED else "",
        )


@pytest.mark.parametrize(
    ("role", "page"), [(Role.HELPDESK, "/users"), (Role.AUDITOR, "/mail-log"), (Role.USER, "/account")]
)
async def test_others_go_where_their_work_is(world: World, role: Role, page: str) -> None:
    await world.person("bob", password=PASSWORD, role=role)
    browser = world.browser()
    await browser.sign_in("bob", PASSWORD)
    answer = await browser.get("/")
    assert (answer.status_code, answer.headers["location"]) == (303, page)
    assert '<a href="/">' not in (await browser.get("/account")).text


async def test_at_first_it_only_says_what_to_do(world: World) -> None:
    page = (await (await world.admin()).get("/")).text
    assert "First steps" in page
    assert "Tell Postern which server sends its mail." in page
    assert 'class="chart"' not in page
    assert "Last test" not in page


async def test_the_first_steps_go_once_they_are_done(world: World) -> None:
    root = await world.admin()
    async with smtp_server() as server:
        await use_server(world, server)
        page = (await root.get("/")).text
        assert page.count("Done:") == 1
        assert "In use, but not tested" in page
        await passed(world, "message", outcome=True)
        assert (await root.get("/")).text.count("Done:") == 2
        await world.person("alice", email="alice@example.org")
    page = (await root.get("/")).text
    assert "First steps" not in page
    assert "Letters go out" in page
    assert "None was asked for." in page
    assert "Set up alerts" in page


async def test_how_the_mail_server_is(world: World) -> None:
    root = await world.admin()
    bird = canary(world)
    async with webhook_server() as hook, scripted_server(FULL) as server:
        await keep(world, hook)
        await use_script(world, server.port)
        await passed(world, "message", outcome=True)
        page = (await root.get("/")).text
        assert "not yet" in page
        assert "Set up alerts" not in page
        await bird.once()
        assert "it failed once; the next look tells more" in (await root.get("/")).text
        world.clock.advance(minutes=1)
        await bird.once()
        page = (await root.get("/")).text
        assert "It does not let Postern in" in page
        assert "it failed while waiting for the greeting" in page
        assert "421 4.3.2 too busy" in page


async def test_figures_charts_and_the_tables_behind_them(world: World) -> None:
    root = await world.admin()
    async with smtp_server() as server:
        await use_server(world, server)
        await letters(world, LetterState.ACCEPTED, 8)
        await letters(world, LetterState.QUEUED, 2, ago=timedelta(minutes=10))
        await letters(world, LetterState.FAILED, 1, ago=timedelta(hours=3))
        await letters(world, LetterState.ACCEPTED, 3, ago=timedelta(days=3))
        page = (await root.get("/")).text
    failed = await Letter.get(state=LetterState.FAILED)
    assert f'<a href="/mail-log/{failed.id}">Reset link</a>' in page
    assert "10 min" in page
    assert "2.0 s" in page
    assert "<b>alice" not in page
    charts = re.findall(r'<svg viewBox="0 0 \d+ 100".*?</svg>', page, re.DOTALL)
    assert len(charts) == 2
    for drawn in charts:
        named = re.search(r'<svg [^>]*role="img" aria-labelledby="([^"]+)"', drawn)
        assert named
        assert named[1].split() == re.findall(r'<(?:title|desc) id="([^"]+)">[^<]+</', drawn)
    assert "11 letters; at most 8 in one bar. Accepted: 8. Waiting: 2. Refused: 1." in page
    assert "14 letters; at most 11 in one bar." in page
    assert page.count("The same as a table") == 2
    assert "style=" not in page


def bucket(**numbers: int) -> Bucket:
    begins = datetime(2026, 11, 22, tzinfo=UTC)
    counted = {state: numbers.get(state.value, 0) for state in LetterState}
    return Bucket(begins, begins + timedelta(hours=1), counted)


def test_bars_stay_in_the_box_and_what_is_there_is_seen() -> None:
    drawn = chart([bucket(accepted=10_000, failed=1, unknown=1), bucket(), bucket(queued=5_000)])
    assert (drawn.most, drawn.total, drawn.width) == (10_002, 15_002, 33)
    for part in drawn.parts:
        assert part.y >= -0.05
        assert part.y + part.height <= HEIGHT + 0.05
        assert part.height > 1
    assert [part.outcome for part in drawn.parts if part.x == 0] == [
        LetterState.ACCEPTED,
        LetterState.UNKNOWN,
        LetterState.FAILED,
    ]
    half = next(part for part in drawn.parts if part.x == 24)
    assert 49 < half.height < 51


def test_a_chart_of_nothing() -> None:
    assert chart([bucket()]).parts == ()
