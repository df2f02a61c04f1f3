"""QR codes: what they hold, and that every page may show them."""

import re

import segno

from webapp.qr import QUIET, svg

LINK = "https://postern.example.org/handoffs/" + "aB3-_" * 22


def _modules(picture: str) -> set[tuple[int, int]]:
    black = picture.partition('fill="#000"')[2]
    return {
        (int(x) + step, int(y))
        for x, y, width in re.findall(r"M(\d+) (\d+)h(\d+)v1h-\d+z", black)
        for step in range(int(width))
    }


def test_it_is_the_code_with_white_around_it() -> None:
    matrix = segno.make_qr(LINK, error="m").matrix
    dark = {(x + QUIET, y + QUIET) for y, row in enumerate(matrix) for x, each in enumerate(row) if each}
    picture = str(svg(LINK, "Link"))
    assert _modules(picture) == dark
    assert f'viewBox="0 0 {len(matrix) + 8} {len(matrix) + 8}"' in picture


def test_it_is_named_inert_and_without_style() -> None:
    picture = str(svg(LINK, '<b title="x">'))
    assert 'role="img" aria-label="&lt;b title=&#34;x&#34;&gt;"' in picture
    assert "style" not in picture
    assert "http" not in picture
