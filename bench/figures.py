"""Figures, and how they are written down."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median, quantiles
from tempfile import TemporaryDirectory

MILLISECONDS = 1_000


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured value beside what it is compared with."""

    what: str
    value: str
    aim: str
    """What it is to be; empty where nothing is promised."""
    held: bool = True


def spread(seconds: Sequence[float]) -> str:
    """The median, and the quartiles around it, in milliseconds."""
    lower, _, upper = quantiles(seconds, n=4)
    middle, low, high = (each * MILLISECONDS for each in (median(seconds), lower, upper))
    return f"{middle:.2f} ms ({low:.2f} to {high:.2f})"


def compared(
    what: str,
    ours: Sequence[float],
    bare: Sequence[float],
    *,
    at_most: float,
    named: tuple[str, str] = ("with", "without"),
) -> list[Figure]:
    """Two series, and how many times the median of the one is that of the other."""
    ratio = median(ours) / median(bare)
    return [
        Figure(f"{what}: {named[0]}", spread(ours), ""),
        Figure(f"{what}: {named[1]}", spread(bare), ""),
        Figure(f"{what}: ratio of the medians", f"{ratio:.2f}", f"at most {at_most}", held=ratio <= at_most),
    ]


def written(figures: Sequence[Figure]) -> None:
    """Print what was measured."""
    for figure in figures:
        print(f"  {figure.what}: {figure.value}{'' if figure.held else '  (MISSED)'}", flush=True)


def tried(measure: Callable[..., list[Figure]], *sizes: float) -> None:
    """Measure by itself, with these sizes after the folder, and print the figures."""
    with TemporaryDirectory(prefix="postern-bench-") as folder:
        written(measure(Path(folder), *sizes))
