from pathlib import Path

import pytest

from tests.cli.postern import Postern
from tests.databases import dsn
from webapp.db.connect import Database


@pytest.fixture
def fresh(tmp_path: Path) -> Postern:
    """An installation of which nothing is there yet."""
    return Postern(tmp_path)


@pytest.fixture
def installed(tmp_path: Path, database: Database) -> Postern:
    """An installation on a migrated database, on each engine in turn."""
    return Postern(tmp_path, DATABASE_URL=dsn(database))
