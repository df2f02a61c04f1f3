from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.served import Served, served
from webapp.db.connect import Database


@pytest.fixture
async def site(db: Database, tmp_path: Path) -> AsyncIterator[Served]:
    """The running application over a real socket, on each engine in turn."""
    async with served(db, tmp_path) as running:
        yield running
