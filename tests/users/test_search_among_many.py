"""Finding people where there are too many to look at each, and the filters and orders of the list."""

from datetime import UTC, datetime, timedelta

import pytest

from tests.world import World
from webapp.audit.record import Actor
from webapp.db.connect import engine, transaction
from webapp.principal import Role
from webapp.users import candidates
from webapp.users import total as totals
from webapp.users.create_many import Newcomer, create_many
from webapp.users.models import User
from webapp.users.question import Question, Recovery, Sort, Status
from webapp.users.reachability import add_up, counts, reachability
from webapp.users.search import find
from webapp.users.total import Total, rounded

MANY = 6_000
ACTOR = Actor("tests")
NOW = datetime(2026, 6, 1, tzinfo=UTC)
RARE = {5_500: "Änne Rare", 5_900: "Änne Rare", 5_101: "Quill A", 5_103: "Quill C", 5_102: "Quill B", 5_100: "Dr Quill"}


@pytest.fixture
async def crowd(world: World) -> World:
    people = [
        Newcomer(
            username=f"user{number:05}",
            email=f"user{number:05}@example.org" if number % 10 else None,
            display_name=RARE.get(number, f"Person {number:05}"),
        )
        for number in range(MANY)
    ]
    async with transaction():
        await create_many(people, actor=ACTOR, now=NOW - timedelta(days=400))
    return world


async def names(question: Question, limit: int = 40, **more: object) -> list[str]:
    """Everybody found, page by page."""
    found, after = [], ""
    while True:
        page = await find(question, now=NOW, after=after, limit=limit, **more)  # type: ignore[arg-type]  # only what find() takes
        found += [person.username for person in page.people]
        after = page.after
        if not after or len(found) > 200:
            return found


async def total(question: Question) -> Total | None:
    return (await find(question, now=NOW)).total


async def test_what_is_rare_and_what_is_common_is_found_in_one_order(crowd: World) -> None:
    assert await names(Question(text="anne")) == ["user05500", "user05900"]
    assert await names(Question(text="nne ra")) == ["user05500", "user05900"]
    assert await names(Question(text="é rare")) == await names(Question(text="rare e"))
    assert (await names(Question(text="ser0")))[:3] == ["user00000", "user00001", "user00002"]
    assert (await names(Question(text="user0599")))[0] == "user05990"
    assert await names(Question(text="r05999")) == ["user05999"]
    assert await names(Question(text="email:r05991@")) == ["user05991"]
    assert await names(Question(text="username:rare")) == []
    assert await names(Question(text="nobodyhere")) == []
    user = await User.get(username="user00042")
    assert (await names(Question(text=str(user.id))))[0] == "user00042"
    assert await names(Question(text=f"id:{user.id}")) == ["user00042"]
    assert await names(Question(text="id:x")) == []


async def test_whoever_reaches_few_sees_how_many_there_are(crowd: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("webapp.users.total.AMONG", 10)  # as where there are more people than are counted
    assert (await find(Question(), now=NOW, reach={Role.USER})).total == Total(MANY)


async def test_totals_are_exact_where_there_are_few_and_say_so_where_not(crowd: World) -> None:
    assert await total(Question()) == Total(MANY)
    assert await total(Question(text="rare")) == Total(2)
    assert await total(Question(text="nobodyhere")) == Total(0)
    about = await total(Question(text="user"))
    assert about is not None
    assert not about.exact
    assert 4_500 < about.number < 7_500
    # Those numbers are kept, and the start page shows them.
    assert await total(Question(recovery=(Recovery.NO_ADDRESS,))) == Total(600)
    assert await total(Question(recovery=(Recovery.NO_ADDRESS,), sort=Sort.CREATED)) == Total(600)
    assert await total(Question(statuses=(Status.NO_ADDRESS,))) == Total(600)
    few = await total(Question(text="person", statuses=(Status.NO_ADDRESS,)))
    assert few is not None
    assert 450 < few.number < 750
    assert [rounded(number) for number in (7, 48, 1_234, 98_765)] == [7, 48, 1_200, 99_000]


async def test_filters_narrow_and_orders_turn(crowd: World) -> None:
    some = await User.filter(username__in=["user00001", "user00002", "user00003"]).order_by("id")
    await User.filter(id=some[0].id).update(state="disabled", last_sign_in_at=NOW - timedelta(days=5))
    await User.filter(id=some[1].id).update(must_change=True, last_sign_in_at=NOW - timedelta(days=50))
    await User.filter(id=some[2].id).update(second_factor=True, email_refused_at=NOW, role=Role.HELPDESK)
    assert await names(Question(statuses=(Status.DISABLED,))) == ["user00001"]
    assert await names(Question(statuses=(Status.MUST_CHANGE,))) == ["user00002"]
    assert await names(Question(statuses=(Status.FACTOR,))) == ["user00003"]
    assert await names(Question(text="is:undeliverable")) == ["user00003"]
    assert await names(Question(text="is:helpdesk 00003")) == ["user00003"]
    assert await names(Question(role=Role.HELPDESK)) == ["user00003"]
    assert await names(Question(statuses=(Status.LOCKED,)), locked={some[1].id}) == ["user00002"]
    assert await names(Question(statuses=(Status.LOCKED,))) == []
    assert len(await names(Question(idle_days=30))) > 200
    assert "user00001" not in await names(Question(idle_days=30, text="user0000"))
    by_sign_in = Question(sort=Sort.LAST_SIGN_IN_DOWN)
    assert (await names(by_sign_in))[:2] == ["user00001", "user00002"]
    assert (await names(Question(sort=Sort.NAME_DOWN, text="person")))[0] == "user05999"
    assert (await names(Question(sort=Sort.CREATED, text="rare"))) == ["user05500", "user05900"]
    assert (await names(Question(sort=Sort.CREATED_DOWN, text="rare"))) == ["user05900", "user05500"]
    await User.filter(id=some[0].id).update(deleted_at=NOW)
    assert await names(Question(text="user00001")) == []
    assert await names(Question(text="user00001 is:deleted")) == ["user00001"]


async def test_who_can_recover_is_counted_as_people_change(crowd: World) -> None:
    async def now() -> tuple[int, ...]:
        found = await reachability()
        kinds = (Recovery.NO_ADDRESS, Recovery.UNDELIVERABLE, Recovery.DISABLED)
        return (found.everybody, *(found.cannot.get(each, 0) for each in kinds))

    assert await now() == (MANY, 600, 0, 0)
    await User.filter(username="user00001").update(email_refused_at=NOW)
    await User.filter(username="user00002").update(state="disabled")
    await User.filter(username="user00003").update(email_verified_at=NOW)
    assert await now() == (MANY, 600, 1, 1)
    await User.filter(username="user00002").update(deleted_at=NOW)
    await User.filter(username="user00010").delete()
    await add_up()
    assert await now() == (MANY - 2, 599, 1, 0)
    found = await counts()
    assert (found[Recovery.VERIFIED], found[Recovery.DELETED]) == (1, 1)
    listed = await find(Question(recovery=(Recovery.UNDELIVERABLE,)), now=NOW)
    assert [person.username for person in listed.people] == ["user00001"]


async def test_among_very_many_beginnings_fill_the_page(crowd: World, monkeypatch: pytest.MonkeyPatch) -> None:
    question, beginnings = Question(text="quill"), ["user05101", "user05102", "user05103"]
    assert await names(question) == [*beginnings, "user05100"]
    assert await total(question) == Total(4)
    monkeypatch.setattr(candidates, "LARGE", MANY - 1)
    for limit in (1, 2, 3, 4, 40):  # the last page of beginnings may be full, or not
        assert await names(question, limit) == [*beginnings, "user05100"], limit
    assert await total(question) == Total(4)
    if engine() == "postgres":  # SQLite reads what is rare in the order of the ranks anyway
        assert (await find(question, now=NOW, limit=2)).total == Total(3, exact=False, least=True)
        monkeypatch.setattr(totals, "AT_LEAST", 2)
        assert (await find(question, now=NOW, limit=1)).total == Total(2, exact=False, least=True)


async def test_what_filters_leave_of_a_common_text_is_counted_or_estimated(
    crowd: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(candidates, "FEW", 10)
    some = 50
    await User.filter(username__gte="user03000", username__lt="user03050").update(state="disabled")
    question = Question(text="person", statuses=(Status.DISABLED,))
    assert await total(question) == Total(some)
    if engine() == "postgres":
        monkeypatch.setattr(totals, "AMONG", 4_000)
        assert await total(question) == Total(rounded(some * (await User.all().count()) / 4_000), exact=False)
        monkeypatch.setattr(totals, "COMMON", some + 1)  # so few of a sample say little
        assert await total(question) == Total(some)


def test_an_estimate_is_never_below_what_is_shown() -> None:
    assert Total(2, exact=False).no_less_than(21) == Total(21, exact=False)
    assert Total(500, exact=False, least=True).no_less_than(1_001) == Total(1_001, exact=False, least=True)
    assert Total(40, exact=False).no_less_than(21) == Total(40, exact=False)
    assert Total(3).no_less_than(21) == Total(3)
