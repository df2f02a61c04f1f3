"""The platform's name on pages that anybody sees, and a database that is away."""

import pytest
from tortoise.exceptions import OperationalError

from tests.databases import PostgresDatabases
from tests.fakes import FakeClock
from webapp.brand.models import BrandRow
from webapp.brand.name import KnownName
from webapp.db.connect import Database, connected


async def test_the_name_is_looked_up_now_and_then(db: Database) -> None:
    clock = FakeClock()
    name = KnownName(clock)
    assert await name() == "Postern"
    await BrandRow.create(id=1, name="Northwind", updated_at=clock())
    assert await name() == "Postern"
    clock.advance(seconds=10)
    assert await name() == "Northwind"
    await BrandRow.filter(id=1).update(name="")
    clock.advance(seconds=10)
    assert await name() == "Postern"


async def test_another_fault_is_not_hidden(postgres_server_databases: PostgresDatabases) -> None:
    name = KnownName(FakeClock())
    with postgres_server_databases.empty() as database:
        async with connected(database):
            with pytest.raises(OperationalError, match="brand"):
                await name()


async def test_no_connection_at_all_is_no_reason_to_show_no_page(postgres_database: Database) -> None:
    clock = FakeClock()
    name = KnownName(clock)
    async with connected(postgres_database):
        await BrandRow.create(id=1, name="Northwind", updated_at=clock())
        assert await name() == "Northwind"
    away = Database(engine="postgres", host="127.0.0.1", port=1, user="u", password="p", name="n")
    async with connected(away):
        clock.advance(seconds=10)
        assert await name() == "Northwind"
