"""QR codes as SVG, drawn here: what they hold may open an account, and goes to no third party."""

from itertools import groupby

import segno
from markupsafe import Markup

QUIET = 4
"""Modules of white around the code (ISO/IEC 18004, 6.3.8). They are white in the dark too, or cameras find no edge."""


def svg(text: str, label: str) -> Markup:
    """The text as a QR code; ``label`` is what assistive technology reads in its place.

    It has no size of its own and no inline style: the class ``qr`` gives it both, under any content security policy.
    """
    modules = segno.make_qr(text, error="m").matrix
    side = len(modules) + 2 * QUIET
    bars: list[str] = []
    for y, row in enumerate(modules, QUIET):
        x = QUIET
        for dark, run in groupby(row):
            width = len(list(run))
            bars += [f"M{x} {y}h{width}v1h-{width}z"] if dark else []
            x += width
    return Markup(
        '<svg class="qr" viewBox="0 0 {side} {side}" role="img" aria-label="{label}" shape-rendering="crispEdges">'
        '<path fill="#fff" d="M0 0h{side}v{side}H0z"/><path fill="#000" d="{bars}"/></svg>'
    ).format(side=side, label=label, bars="".join(bars))
