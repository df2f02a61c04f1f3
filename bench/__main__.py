"""`python -m bench`: measure everything, and write RESULTS.md. Exit status 1 if an aim was missed."""

import os
import platform
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from bench import (
    audit,
    click,
    crash,
    crowd,
    first_rung,
    forgot,
    ladder,
    letters,
    mail_log,
    people_files,
    queue,
    search,
    signing_in,
    telling_times,
)
from bench.figures import Figure, written

RESULTS: Final = Path(__file__).with_name("RESULTS.md")
MEASURES: Final = (
    ("The ladder", ladder.measure),
    ("Many tests at once", crowd.measure),
    ("In the browser", first_rung.measure),
    ("The mail log", mail_log.measure),
    ("Finding people", search.measure),
    ("The audit", audit.measure),
    ("Files of people", people_files.measure),
    ("Letters per second", letters.measure),
    ("A hundred thousand letters", queue.measure),
    ("From the click to the mail server", click.measure),
    ("Killed workers", crash.measure),
    ("The forgot page and the mail server", forgot.measure),
    ("A page while eight clients sign in", signing_in.measure),
    ("Who has an account, told by time", telling_times.measure),
)


def main() -> int:
    """Run the benchmarks one after the other."""
    parts = [f"# Results\n\nWritten by `make bench`. {_circumstances()}\n"]
    held = True
    for title, measure in MEASURES:
        print(f"{title} ...", flush=True)
        with tempfile.TemporaryDirectory(prefix="postern-bench-") as folder:
            figures = measure(Path(folder))
        parts.append(_table(title, figures))
        held = held and all(figure.held for figure in figures)
        written(figures)
    RESULTS.write_text("\n".join(parts))
    print(f"Written to {RESULTS.relative_to(Path.cwd())}.")
    return 0 if held else 1


def _circumstances() -> str:
    commit = _output("git", "rev-parse", "--short", "HEAD") or "unknown"
    changed = " with changes" if _output("git", "status", "--porcelain", "--untracked-files=no") else ""
    day = datetime.now(UTC).strftime("%Y-%m-%d")
    load = os.getloadavg()[0]
    return (
        f"Commit {commit}{changed}, {day}, {_processor()}, {os.cpu_count()} cores (load {load:.1f} at the start), "
        f"{platform.system()} {platform.release()}, Python {platform.python_version()}.\n"
        "Medians, in brackets the quartiles. Everything is on one machine: both sides share its cores."
    )


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        lines = []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()


def _output(*command: str) -> str:
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=10)
    except (OSError, subprocess.SubprocessError):
        return ""
    return done.stdout.strip()


def _table(title: str, figures: Sequence[Figure]) -> str:
    rows = [f"| {figure.what} | {figure.value} | {_aim(figure)} |" for figure in figures]
    return "\n".join([f"## {title}", "", "| What | Measured | Aim |", "|---|---|---|", *rows, ""])


def _aim(figure: Figure) -> str:
    return figure.aim if figure.held or not figure.aim else f"{figure.aim}: **missed**"


if __name__ == "__main__":
    sys.exit(main())
