"""Measures how much of ``webapp/`` a whole run of the tests reaches, before pytest prints its closing line.

``--coverage=collect`` only measures, for a later run to add up; ``--coverage=check`` adds up what all runs since
``coverage erase`` measured and fails below the threshold in pyproject.toml. Processes that tests start are measured
as well (``patch = ["subprocess"]``).
"""

import io
import json
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest
from coverage import Coverage

MEASUREMENT: Final = pytest.StashKey[Coverage]()
REPORT: Final = pytest.StashKey[list[str]]()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--coverage", choices=("collect", "check"), default=None, help="measure webapp/, and check the threshold"
    )


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_load_initial_conftests(early_config: pytest.Config) -> Iterator[None]:
    # Before any conftest imports webapp, or the lines that run on import would count as missed.
    # A worker of xdist is a process like any other that tests start: it is measured already.
    if early_config.known_args_namespace.coverage and "PYTEST_XDIST_WORKER" not in os.environ:
        measurement = Coverage()
        measurement.start()
        early_config.stash[MEASUREMENT] = measurement
    return (yield)


@pytest.hookimpl(tryfirst=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    measurement = session.config.stash.get(MEASUREMENT, Coverage.current())
    if measurement is None:
        return
    measurement.stop()
    measurement.save()
    if MEASUREMENT not in session.config.stash:
        return
    whole = session.exitstatus == pytest.ExitCode.OK and session.testscollected
    if session.config.getoption("coverage") == "check" and whole:
        report, enough = _report(measurement)
        session.config.stash[REPORT] = report
        if not enough:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED


def _report(measurement: Coverage) -> tuple[list[str], bool]:
    """The lines to print, and whether the share of lines and the share of branches are each enough."""
    measurement.combine()
    threshold = float(measurement.get_option("report:fail_under"))  # type: ignore[arg-type] # a number, as configured
    with tempfile.TemporaryDirectory() as scratch:
        written = Path(scratch) / "coverage.json"
        measurement.json_report(outfile=str(written))
        totals = json.loads(written.read_text())["totals"]
    lines_share = 100 * totals["covered_lines"] / max(totals["num_statements"], 1)
    branches_share = 100 * totals["covered_branches"] / max(totals["num_branches"], 1)
    low = min(lines_share, branches_share) < threshold
    said = f"{lines_share:.1f} % of the lines, {branches_share:.1f} % of the branches"
    lines = [f"Coverage of webapp/: {said}; at least {threshold:g} % of each is asked for"]
    if low:
        table = io.StringIO()
        measurement.report(file=table)
        lines = [*table.getvalue().splitlines(), *lines]
    return lines, not low


@pytest.hookimpl(trylast=True)
def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    lines = config.stash.get(REPORT, None)
    if lines:
        terminalreporter.section("coverage")
        for line in lines:
            terminalreporter.write_line(line)
