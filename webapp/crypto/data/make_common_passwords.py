"""Make common_passwords.txt.gz from the frequency list of the zxcvbn package.

    python make_common_passwords.py path/to/zxcvbn/frequency_lists.py

Prints the SHA-256 of the text inside; README.md in this folder holds it.
"""

import ast
import gzip
import hashlib
import sys
from pathlib import Path

TARGET = Path(__file__).resolve().parent / "common_passwords.txt.gz"


def main(source: Path, target: Path = TARGET) -> None:
    """Write the passwords, the most common first, one on a line."""
    content = "".join(f"{word}\n" for word in passwords(source.read_text(encoding="utf-8"))).encode("ascii")
    # A fixed time keeps the file the same for the same list.
    target.write_bytes(gzip.compress(content, compresslevel=9, mtime=0))
    sys.stdout.write(f"{content.count(10)} passwords, sha256 {hashlib.sha256(content).hexdigest()}\n")


def passwords(source: str) -> list[str]:
    """The list named passwords. The module has it as a text with commas that it splits; it is read, never run."""
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Dict(
                keys=[ast.Constant("passwords"), *_],
                values=[ast.Call(ast.Attribute(ast.Constant(str(text)), "split")), *_],
            ):
                return text.split(",")
            case _:
                continue
    sys.exit("no list named passwords was found")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
