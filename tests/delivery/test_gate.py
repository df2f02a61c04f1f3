"""The gate before a mail server's sessions."""

import asyncio

import pytest

from webapp.delivery.gate import Gate


async def enter(gate: Gate, name: str, inside: list[str], leave: asyncio.Event) -> None:
    async with gate:
        inside.append(name)
        await leave.wait()


async def settle() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


async def test_no_more_get_in_than_there_is_room_for_and_the_first_come_first() -> None:
    gate, inside, doors = Gate(lambda: 2), list[str](), {name: asyncio.Event() for name in "abcd"}
    tasks = [asyncio.create_task(enter(gate, name, inside, door)) for name, door in doors.items()]
    await settle()
    assert inside == ["a", "b"]
    doors["b"].set()
    await settle()
    assert inside == ["a", "b", "c"]
    for door in doors.values():
        door.set()
    await asyncio.gather(*tasks)
    assert inside == ["a", "b", "c", "d"]


async def test_more_get_in_once_there_is_more_room() -> None:
    room = 1
    gate, inside, leave = Gate(lambda: room), list[str](), asyncio.Event()
    first = asyncio.Event()
    tasks = [asyncio.create_task(enter(gate, "a", inside, first))]
    tasks += [asyncio.create_task(enter(gate, name, inside, leave)) for name in "bcd"]
    await settle()
    room = 3
    first.set()
    await settle()
    assert inside == ["a", "b", "c", "d"]
    leave.set()
    await asyncio.gather(*tasks)


@pytest.mark.parametrize("let_in", [False, True])
async def test_who_is_called_away_leaves_the_place_to_the_next(*, let_in: bool) -> None:
    gate, inside, doors = Gate(lambda: 1), list[str](), {name: asyncio.Event() for name in "abc"}
    tasks = [asyncio.create_task(enter(gate, name, inside, door)) for name, door in doors.items()]
    await settle()
    if let_in:
        # Its turn has come, and it does not know yet.
        doors["a"].set()
        await asyncio.sleep(0)
    tasks[1].cancel()
    doors["a"].set()
    await settle()
    assert inside == ["a", "c"]
    doors["c"].set()
    await asyncio.gather(*tasks, return_exceptions=True)
