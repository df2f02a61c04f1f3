import asyncio
from collections.abc import Iterator
from dataclasses import replace

import asyncpg
import pytest
from tortoise.exceptions import BaseORMException

from tests.postgres_server import PostgresServer, own_server
from webapp.db.asyncpg_engine import ASYNCPG_ERRORS
from webapp.db.connect import Database, connected, is_unavailable, parse_dsn, postgres_arguments, transaction, writing

TROUBLE = (*ASYNCPG_ERRORS, BaseORMException)


@pytest.fixture(scope="module")
def server() -> Iterator[PostgresServer]:
    with own_server() as made:
        yield made


@pytest.fixture
def running(server: PostgresServer) -> Iterator[PostgresServer]:
    yield server
    server.stop()
    server.start()


async def one() -> int:
    return int((await writing().execute_query_dict("SELECT 1 AS one"))[0]["one"])


async def away() -> None:
    with pytest.raises(TROUBLE, check=is_unavailable):
        await one()
    with pytest.raises(TROUBLE, check=is_unavailable):
        async with transaction():
            pass


async def test_a_server_that_went_away_and_came_back_needs_no_restart(running: PostgresServer) -> None:
    async with connected(running.database):
        assert await one() == 1
        await asyncio.to_thread(running.stop)
        await away()
        await away()
        await asyncio.to_thread(running.start)
        assert await one() == 1
        async with transaction():
            assert await one() == 1


async def test_the_application_can_start_before_its_server(running: PostgresServer) -> None:
    await asyncio.to_thread(running.stop)
    async with connected(running.database):
        await away()
        await asyncio.to_thread(running.start)
        assert await one() == 1


@pytest.mark.parametrize("statements_after", [0, 1])
async def test_a_server_that_goes_away_inside_a_transaction_is_unavailable(
    running: PostgresServer, statements_after: int
) -> None:
    async def interrupted() -> None:
        async with transaction():
            assert await one() == 1
            await asyncio.to_thread(running.stop)
            for _ in range(statements_after):
                await one()

    async with connected(running.database):
        with pytest.raises(TROUBLE, check=is_unavailable):
            await interrupted()
        await asyncio.to_thread(running.start)
        assert await one() == 1


async def test_a_connection_that_the_server_ended_is_replaced(running: PostgresServer) -> None:
    async with connected(running.database):
        assert await one() == 1
        other = await asyncpg.connect(**postgres_arguments(running.database))
        try:
            await other.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()")
        finally:
            await other.close()
        # One statement may meet the end on its connection; none after it.
        outcome = (await asyncio.gather(one(), return_exceptions=True))[0]
        assert outcome == 1 or (isinstance(outcome, TROUBLE) and is_unavailable(outcome))
        assert await one() == 1


async def test_a_host_that_is_not_there_is_unavailable() -> None:
    async with connected(replace(parse_dsn("postgres://u@127.0.0.1:1/postern"), patience_seconds=1)):
        await away()


async def test_a_database_that_is_not_there_is_unavailable(server: PostgresServer) -> None:
    async with connected(replace(server.database, name="absent")):
        await away()


async def test_required_encryption_is_not_done_without(server: PostgresServer) -> None:
    for mode in ("require", "verify-full"):
        async with connected(replace(server.database, sslmode=mode)):
            with pytest.raises(Exception, match="SSL"):
                await one()


def test_certificates_that_cannot_be_read_are_told_at_once() -> None:
    database = Database(engine="postgres", name="postern", sslmode="verify-ca", sslrootcert="/absent.pem")
    with pytest.raises(FileNotFoundError):
        postgres_arguments(database)
