"""Colours as ``#rrggbb``, and whether one can be read on another (WCAG 2.2, relative luminance and contrast ratio)."""

from typing import Final

_STEPS: Final = 50


def contrast(one: str, other: str) -> float:
    """The contrast ratio of two colours, 1 (the same) to 21 (black and white)."""
    lighter, darker = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def lightened(colour: str, *, against: str, ratio: float) -> str:
    """The colour, with as much white mixed in as it takes to be read on ``against``."""
    return _mixed(colour, "#ffffff", against=against, ratio=ratio)


def darkened(colour: str, *, against: str, ratio: float) -> str:
    """The colour, with as much black mixed in as it takes to be read on ``against``."""
    return _mixed(colour, "#000000", against=against, ratio=ratio)


def _mixed(colour: str, extreme: str, *, against: str, ratio: float) -> str:
    for step in range(_STEPS):
        found = _mix(colour, extreme, step / _STEPS)
        if contrast(found, against) >= ratio:
            return found
    return extreme


def _mix(one: str, other: str, share: float) -> str:
    parts = (round(a + (b - a) * share) for a, b in zip(_channels(one), _channels(other), strict=True))
    return "#" + "".join(f"{part:02x}" for part in parts)


def _channels(colour: str) -> tuple[int, int, int]:
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


def _luminance(colour: str) -> float:
    red, green, blue = (_linear(channel / 255) for channel in _channels(colour))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _linear(value: float) -> float:
    return value / 12.92 if value <= 0.04045 else float(((value + 0.055) / 1.055) ** 2.4)
