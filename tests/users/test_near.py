"""Who may be meant by a name that nobody has."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.world import World
from webapp.principal import Role
from webapp.users.authority import EVERYONE
from webapp.users.likeness import slips
from webapp.users.models import User
from webapp.users.near import near


@pytest.mark.parametrize(
    ("one", "other", "count"),
    [
        ("", "", 0),
        ("anna", "anna", 0),
        ("anna", "ana", 1),
        ("anna", "annna", 1),
        ("anna", "anan", 1),
        ("anna", "enna", 1),
        ("anna", "enne", 2),
        ("anna", "", 3),
        ("abcdef", "badcfe", 3),
        ("anna", "bert", 3),
        ("abc", "cab", 2),
    ],
)
def test_slips_are_counted(one: str, other: str, count: int) -> None:
    assert slips(one, other) == slips(other, one) == count


@given(st.text("ab.@", max_size=8), st.text("ab.@", max_size=8))
def test_they_are_those_of_the_whole_table(one: str, other: str) -> None:
    table = {(0, 0): 0}
    for line in range(len(one) + 1):
        for column in range(len(other) + 1):
            ways = [table[line - 1, column] + 1] if line else []
            ways += [table[line, column - 1] + 1] if column else []
            if line and column:
                ways.append(table[line - 1, column - 1] + (one[line - 1] != other[column - 1]))
            if line > 1 and column > 1 and one[line - 2 : line] == other[column - 2 : column][::-1]:
                ways.append(table[line - 2, column - 2] + 1)
            table[line, column] = min(ways, default=0)
    assert slips(one, other) == min(table[len(one), len(other)], 3)


@pytest.mark.parametrize(
    ("typed", "why"),
    [
        ("anna.meier@example.org", ""),
        ("anna.meyr@example.org", "one letter is missing: anna.meyer@Example.org"),
        ("anna.meeyer@example.org", "one letter too many: anna.meyer@example.org"),
        ("anna.meyre@example.org", "two letters are swapped: anna.meyer@example.org"),
        ("anna.mexer@example.org", "one letter differs: anna.meyer@example.org"),
        ("ANNA.MEYER@exmaple.org", "another domain: anna.meyer@example.org"),
        ("anna.meyer@example.con", "another domain: anna.meyer@example.org"),
        ("annameyer@example.org", "other dots or dashes: anna.meyer@example.org"),
        ("a.n.n.a-meyer@example.org", "other dots or dashes: anna.meyer@example.org"),
        ("nana.meyxr@example.org", "two slips: anna.meyer@example.org"),
        ("xnna.meyxr@example.org", "two slips: anna.meyer@example.org"),
        ("meyer.anna@example.org", "the username is what stands before the @: meyer.anna"),
        ("anna.meyer", "the address begins so: anna.meyer@example.org"),
        ("meyer.ana", "one letter is missing: meyer.anna"),
        ("änna.meyre@example.org", "two letters are swapped: anna.meyer@example.org"),
    ],
)
async def test_a_slip_is_found_and_named(world: World, typed: str, why: str) -> None:
    anna = await world.person("meyer.anna", email="anna.meyer@example.org")
    await world.person("somebody.else", email="quite@another.example")
    found = await near(typed, roles=EVERYONE)
    assert {each.id for each in found} == {anna.id}
    if why:
        assert str(found[0].likeness.why).casefold() == why.casefold()


async def test_the_nearest_come_first_and_only_some(world: World) -> None:
    for name in ("anne.mill", "anna.mill", "anna.milly", "anni.mills"):
        await world.person(name)
    found = await near("anna.mil", roles=EVERYONE)
    assert [each.username for each in found] == ["anna.mill", "anna.milly", "anne.mill"]
    assert len(await near("anna.mil", roles=EVERYONE, limit=2)) == 2


async def test_only_people_with_the_roles_are_found_and_the_deleted_are_marked(world: World) -> None:
    await world.person("anna.mill", role=Role.ADMIN)
    assert await near("anna.mil", roles={Role.USER}) == ()
    await User.filter(username="anna.mill").update(deleted_at=world.clock())
    (found,) = await near("anna.mil", roles=EVERYONE)
    assert found.deleted


@pytest.mark.parametrize("typed", ["", "a", "ab", "x" * 10_000, "%%%", "___", "a@", "@example.org", "王小明", "'\"\\"])
async def test_whatever_is_typed_is_literal(world: World, typed: str) -> None:
    await world.person("anna", email="anna@example.org")
    assert [each.username for each in await near(typed, roles=EVERYONE)] in ([], ["anna"])
