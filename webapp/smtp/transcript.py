"""What was said between Postern and the mail server, without the secrets."""

import base64
import re
from collections.abc import Iterable
from typing import Final

LINES_LIMIT: Final = 400
LINE_LIMIT: Final = 1_000
MASK: Final = "********"
_SHORTEST: Final = 4
"""A secret shorter than this is not looked for in the server's words: masking every "a" would spell it out."""


class Mask:
    """Replaces secrets, and base64 of them at any alignment, in texts that are shown or kept."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        self._needles: set[str] = set()
        self._pattern: re.Pattern[str] | None = None
        self.add(secrets)

    def add(self, secrets: Iterable[str]) -> None:
        """Further secrets to mask from now on."""
        self._needles |= {needle for secret in secrets if len(secret) >= _SHORTEST for needle in _forms(secret)}
        longest_first = sorted(self._needles, key=len, reverse=True)
        self._pattern = re.compile("|".join(map(re.escape, longest_first)), re.IGNORECASE) if longest_first else None

    def __call__(self, text: str) -> str:
        """The text with its secrets masked."""
        return self._pattern.sub(MASK, text) if self._pattern else text


def _forms(secret: str) -> set[str]:
    raw = secret.encode("utf-8", "surrogatepass")
    forms = {secret, base64.urlsafe_b64encode(raw).decode().rstrip("=")}
    for lead in range(3):
        # The characters at both ends mix in neighbouring bytes; what lies between is the secret's alone.
        encoded = base64.b64encode(bytes(lead) + raw).decode().rstrip("=")
        inner = encoded[(0, 2, 3)[lead] : len(encoded) - (1 if (lead + len(raw)) % 3 else 0)]
        if len(inner) >= _SHORTEST:
            forms.add(inner)
    return forms


class Transcript:
    """The conversation in both directions, bounded: after ``most`` lines nothing is added but a note.

    Client lines start with ``C: ``, server lines with ``S: ``, notes with ``* ``. AUTH exchanges are written masked and
    the letter itself is left out, so that it holds no credential and no link.
    """

    def __init__(self, most: int = LINES_LIMIT) -> None:
        self.most = most
        """0 where nobody will read it: nothing is written down."""
        self._lines: list[str] = []

    @property
    def lines(self) -> tuple[str, ...]:
        """What was said so far, oldest first."""
        return tuple(self._lines)

    def text(self) -> str:
        """All lines in one text."""
        return "\n".join(self._lines)

    def client(self, line: str) -> None:
        """Postern said this (already masked)."""
        self._add(f"C: {line}")

    def server(self, code: int, text: str) -> None:
        """The server answered this (already masked and printable)."""
        if not self.most:
            return
        *lines, last = text.split("\n")
        for line in lines:
            self._add(f"S: {code}-{line}")
        self._add(f"S: {code} {last}")

    def note(self, text: str) -> None:
        """Something that neither side said."""
        self._add(f"* {text}")

    def _add(self, line: str) -> None:
        if len(self._lines) < self.most:
            self._lines.append(line[:LINE_LIMIT])
        elif self.most and len(self._lines) == self.most:
            self._lines.append("* The rest is left out.")
