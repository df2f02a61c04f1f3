"""Make blocklist.txt.gz from a list of leaked passwords, the most common first, one on a line.

    python make_blocklist.py path/to/10_million_password_list_top_1M.txt

Shorter ones than SHORTEST can never be chosen, so they are left out before counting. Prints the SHA-256 of the text
inside; README.md in this folder holds it.
"""

import gzip
import hashlib
import sys
import unicodedata
from pathlib import Path

TARGET = Path(__file__).resolve().parent / "blocklist.txt.gz"
SHORTEST = 8
MANY = 100_000


def blocklist(lines: list[str], many: int = MANY) -> list[str]:
    """The most common ones of SHORTEST characters or more, as passwords are compared, in the order of their bytes."""
    folded = (unicodedata.normalize("NFKC", line.strip()).casefold() for line in lines)
    kept = list(dict.fromkeys(text for text in folded if len(text) >= SHORTEST))
    return sorted(kept[:many], key=str.encode)


def main(source: Path, target: Path = TARGET) -> None:
    """Write them, one on a line."""
    words = blocklist(source.read_text(encoding="utf-8", errors="replace").split("\n"))
    content = "".join(f"{word}\n" for word in words).encode()
    target.write_bytes(gzip.compress(content, 9, mtime=0))
    sys.stdout.write(f"{len(words)} passwords, sha256 {hashlib.sha256(content).hexdigest()}\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
