"""A task that is cancelled ends, even if its first cancellation is forgotten."""

import asyncio

from webapp.cancelling import cancel


async def test_a_forgotten_cancellation_is_repeated() -> None:
    rounds = 0

    async def forgetful() -> None:
        nonlocal rounds
        while True:
            rounds += 1
            answer = asyncio.get_running_loop().create_future()
            waiting.append(answer)
            # As a mail server's reply: with Python 3.11 the answer and the cancellation together are an answer.
            await asyncio.wait_for(answer, 60)

    waiting: list[asyncio.Future[None]] = []
    task = asyncio.create_task(forgetful())
    await asyncio.sleep(0)
    waiting[0].set_result(None)
    await asyncio.wait_for(cancel([task]), 30)
    assert task.cancelled()
    assert rounds <= 2


async def test_what_is_being_closed_is_waited_for_and_failures_are_passed_over() -> None:
    closed = False

    async def tidy() -> None:
        nonlocal closed
        try:
            await asyncio.sleep(60)
        finally:
            await asyncio.sleep(0.05)
            closed = True

    async def failing() -> None:
        raise RuntimeError("failed before")

    tasks = [asyncio.create_task(tidy()), asyncio.create_task(failing())]
    await asyncio.sleep(0)
    await asyncio.wait_for(cancel(tasks), 30)
    assert closed
    assert tasks[0].cancelled()
    await cancel([])
