"""Telling other processes that something is there, at once: LISTEN and NOTIFY, which PostgreSQL alone has."""

import asyncio
import contextlib
from collections.abc import Callable
from typing import Any, Final

import asyncpg
import structlog

from webapp.db.asyncpg_engine import ASYNCPG_ERRORS
from webapp.db.connect import Database, engine, postgres_arguments, writing

AGAIN_SECONDS: Final = 2.0
"""The wait before connecting again."""
PROOF_SECONDS: Final = 60.0
"""How often a silent connection is asked whether it still is one."""

log: Any = structlog.get_logger("postern.database")


async def notify(channel: str) -> None:
    """Tell all who listen, once the transaction around this is committed; nothing on SQLite."""
    if engine() == "postgres":
        await writing().execute_query("SELECT pg_notify($1, '')", [channel])


async def listen(database: Database, channel: str, heard: Callable[[], None], stop: asyncio.Event) -> None:
    """Call ``heard`` whenever somebody notifies, on a connection of its own, until told to stop.

    It connects again by itself when the connection is lost, and then calls ``heard`` too: nobody knows what was missed.
    On SQLite it returns at once.
    """
    if database.engine == "sqlite":
        return
    told = False
    while not stop.is_set():
        try:
            await _listen(database, channel, heard, stop)
        except (OSError, *ASYNCPG_ERRORS):
            if not told:
                log.warning("the database is away; it is listened to again when it is back")
            told = True
        else:
            told = False
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(AGAIN_SECONDS):
                await stop.wait()


async def _listen(database: Database, channel: str, heard: Callable[[], None], stop: asyncio.Event) -> None:
    """Listen until told to stop, or until the connection is lost."""
    lost = asyncio.Event()
    connection = await asyncpg.connect(**postgres_arguments(database))
    try:
        connection.add_termination_listener(lambda _connection: lost.set())
        await connection.add_listener(channel, lambda *_: heard())
        heard()
        ending = [asyncio.create_task(event.wait()) for event in (stop, lost)]
        try:
            while not any(task.done() for task in ending):
                await asyncio.wait(ending, timeout=PROOF_SECONDS, return_when=asyncio.FIRST_COMPLETED)
                if not stop.is_set() and not lost.is_set():
                    await connection.execute("SELECT 1", timeout=AGAIN_SECONDS)
        finally:
            for task in ending:
                task.cancel()
    finally:
        with contextlib.suppress(OSError, *ASYNCPG_ERRORS):
            await connection.close(timeout=AGAIN_SECONDS)
