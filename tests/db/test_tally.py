import asyncio
import re
import sys
from pathlib import Path

ON_BOTH = "def test_on_both(database): assert database"
ON_ONE = """
import pytest
@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_on_one(database): assert database
"""


async def run(folder: Path, source: str, *options: str) -> tuple[int | None, str]:
    """A run of pytest of its own, with this repository's conftest."""
    (folder / "test_it.py").write_text(source)
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "pytest", "-c", "pyproject.toml", "-p", "tests.conftest", str(folder), *options),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    try:
        said, _ = await asyncio.wait_for(process.communicate(), 90)
    finally:
        if process.returncode is None:
            process.kill()
    return process.returncode, said.decode()


async def test_a_run_tells_how_many_tests_ran_on_each_database(tmp_path: Path) -> None:
    status, said = await run(tmp_path, ON_BOTH)
    assert status == 0
    assert "On SQLite: 1 tests, on PostgreSQL: 1 tests" in said


async def test_a_test_that_ran_on_one_database_only_fails_the_run(tmp_path: Path) -> None:
    status, said = await run(tmp_path, ON_ONE)
    assert status == 1
    assert "On SQLite: 1 tests, on PostgreSQL: 0 tests" in said
    assert re.search(r"Ran on SQLite only: \S*test_it.py::test_on_one$", said, re.MULTILINE)


async def test_a_run_narrowed_to_one_database_is_not_failed(tmp_path: Path) -> None:
    status, said = await run(tmp_path, ON_BOTH, "-k", "sqlite")
    assert status == 0
    assert "On SQLite: 1 tests, on PostgreSQL: 0 tests" in said
