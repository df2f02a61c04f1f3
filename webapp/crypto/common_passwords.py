"""The blocklist: passwords that are refused because very many people have had them (NIST SP 800-63B-4, 3.1.1.2)."""

import gzip
from functools import cache
from pathlib import Path
from typing import Final

from webapp.crypto.guessing import common_passwords

BLOCKLIST: Final = Path(__file__).resolve().parent / "data" / "blocklist.txt.gz"


def is_common(folded: str) -> bool:
    """Whether the password, case-folded, is on a list: exactly, without false alarms."""
    return folded in common_passwords() or b"\n%b\n" % folded.encode("utf-8", "surrogatepass") in _text()


@cache
def _text() -> bytes:
    """All of them in one piece, between line breaks: a megabyte, and less than a millisecond to look through."""
    return b"\n" + gzip.decompress(BLOCKLIST.read_bytes())
