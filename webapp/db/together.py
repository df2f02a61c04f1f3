"""One question to the database for what several tasks ask at the same moment."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Generic, TypeVar

K = TypeVar("K")
V = TypeVar("V")


class Together(Generic[K, V]):
    """Asks ``many`` once for all keys that were asked for in one round of the event loop.

    ``many`` gives the values by their keys; a key that it leaves out has none. An exception of it is everybody's.
    """

    def __init__(self, many: Callable[[Sequence[K]], Awaitable[Mapping[K, V]]]) -> None:
        self._many = many
        self._asked: dict[K, asyncio.Future[V | None]] = {}
        self._answering: set[asyncio.Task[None]] = set()

    async def ask(self, key: K) -> V | None:
        """The value of this key, read after this call; None if there is none."""
        asked = self._asked.get(key)
        if asked is None:
            asked = self._asked[key] = asyncio.get_running_loop().create_future()
        if len(self._asked) == 1:
            task = asyncio.create_task(self._answer())
            self._answering.add(task)
            task.add_done_callback(self._answering.discard)
        # One who goes away takes nothing from the others.
        return await asyncio.shield(asked)

    async def _answer(self) -> None:
        await asyncio.sleep(0)
        asked, self._asked = self._asked, {}
        try:
            found = await self._many(list(asked))
        except Exception as error:  # noqa: BLE001 - whoever asked gets it
            for each in asked.values():
                each.set_exception(error)
                each.exception()  # that nobody may be left to hear it is no news
            return
        for key, each in asked.items():
            each.set_result(found.get(key))
