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
MEASURES: Final = {
    "ladder": ("The ladder", ladder.measure),
    "crowd": ("Many tests at once", crowd.measure),
    "first_rung": ("In the browser", first_rung.measure),
    "search": ("Finding people", search.measure),
    "people_files": ("Files of people", people_files.measure),
    "mail_log": ("The mail log", mail_log.measure),
    "audit": ("The audit", audit.measure),
    "letters": ("Letters per second", letters.measure),
    "queue": ("A hundred thousand letters", queue.measure),
    "click": ("From the click to the mail server", click.measure),
    "crash": ("Killed workers", crash.measure),
    "forgot": ("The forgot page and the mail server", forgot.measure),
    "signing_in": ("A page while eight clients sign in", signing_in.measure),
    "telling_times": ("Who has an account, told by time", telling_times.measure),
}
_HEAD: Final = """# Results

Written by `make bench`, or for some parts by `make bench ARGS="search audit"`; the others stay as they were.
Medians, in brackets the quartiles. Everything is on one machine: both sides share its cores.
"""


def main(names: Sequence[str]) -> int:
    """Run these benchmarks, or all, one after the other."""
    if unknown := set(names) - set(MEASURES):
        print(f"There is no {', '.join(sorted(unknown))}; there are {', '.join(MEASURES)}.", file=sys.stderr)
        return 2
    parts = _parts(RESULTS.read_text()) if RESULTS.exists() else {}
    held = True
    for name in names or MEASURES:
        title, measure = MEASURES[name]
        print(f"{title} ...", flush=True)
        circumstances = _circumstances()
        with tempfile.TemporaryDirectory(prefix="postern-bench-") as folder:
            figures = measure(Path(folder))
        parts[title] = _part(circumstances, figures)
        held = held and all(figure.held for figure in figures)
        written(figures)
        order = dict.fromkeys([*(title for title, _ in MEASURES.values()), *parts])  # what was measured by hand is last
        sections = [f"## {title}\n\n{parts[title]}" for title in order if title in parts]
        RESULTS.write_text("\n".join([_HEAD, *sections]))
    print(f"Written to {RESULTS.relative_to(Path.cwd())}.")
    return 0 if held else 1


def _parts(text: str) -> dict[str, str]:
    """What was written before, by title."""
    sections = (section.partition("\n") for section in f"\n{text}".split("\n## ")[1:])
    return {title: f"{body.strip()}\n" for title, _, body in sections}


def _circumstances() -> str:
    commit = _output("git", "rev-parse", "--short", "HEAD") or "unknown"
    changed = " with changes" if _output("git", "status", "--porcelain", "--untracked-files=no") else ""
    day = datetime.now(UTC).strftime("%Y-%m-%d")
    load = os.getloadavg()[0]
    return (
        f"Commit {commit}{changed}, {day}, {_processor()}, {os.cpu_count()} cores (load {load:.1f} at the start), "
        f"{platform.system()} {platform.release()}, Python {platform.python_version()}."
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


def _part(circumstances: str, figures: Sequence[Figure]) -> str:
    rows = [f"| {figure.what} | {figure.value} | {_aim(figure)} |" for figure in figures]
    return "\n".join([circumstances, "", "| What | Measured | Aim |", "|---|---|---|", *rows, ""])


def _aim(figure: Figure) -> str:
    return figure.aim if figure.held or not figure.aim else f"{figure.aim}: **missed**"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
