"""Questions of one moment are one question."""

import asyncio
from collections.abc import Sequence

import pytest

from webapp.db.together import Together

Asked = list[list[int]]


def squares(asked: Asked) -> Together[int, int]:
    async def many(keys: Sequence[int]) -> dict[int, int]:
        asked.append(list(keys))
        await asyncio.sleep(0)
        if 13 in keys:
            raise RuntimeError("unlucky")
        return {key: key * key for key in keys if key < 100}

    return Together(many)


async def test_what_is_asked_at_once_is_asked_together_and_each_key_once() -> None:
    asked: Asked = []
    together = squares(asked)
    assert await asyncio.gather(*(together.ask(key) for key in (1, 2, 2, 3, 100))) == [1, 4, 4, 9, None]
    assert await together.ask(4) == 16
    assert asked == [[1, 2, 3, 100], [4]]


async def test_what_goes_wrong_is_everybodys_and_the_next_question_is_a_new_one() -> None:
    together = squares([])
    found = await asyncio.gather(together.ask(1), together.ask(13), return_exceptions=True)
    assert [str(each) for each in found] == ["unlucky", "unlucky"]
    assert await together.ask(1) == 1


async def test_one_who_goes_away_takes_nothing_from_the_others() -> None:
    together = squares([])
    leaving, staying = asyncio.create_task(together.ask(2)), asyncio.create_task(together.ask(2))
    await asyncio.sleep(0)
    leaving.cancel()
    assert await staying == 4
    with pytest.raises(asyncio.CancelledError):
        await leaving
