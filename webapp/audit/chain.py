"""How entries are chained: what a seal is computed over, and under which key.

Each seal is an HMAC under a key of the installation over the seal before it and the entry. So whoever can write to the
database, but has not the key, can change nothing in the middle unnoticed. The two ends of the chain stand in a row of
their own, sealed as well, so that what is cut off at an end is missed.
"""

import hashlib
import hmac
import json
from dataclasses import asdict, dataclass
from typing import Any, Final

from webapp.crypto.keys import Keys
from webapp.db.query import moment

NO_MAC: Final = "0" * 64
"""What stands before the first seal of all."""
CONTENT: Final = "id, at, actor_id, actor, action, subject_id, subject, network, details"
"""The columns of an entry that its seal holds."""


@dataclass(frozen=True, slots=True)
class End:
    """A place in the chain."""

    number: int
    mac: str


BEGINNING: Final = End(0, NO_MAC)


@dataclass(frozen=True, slots=True)
class Ends:
    """The last entry that retention has deleted, and the newest one that is sealed."""

    first: End = BEGINNING
    last: End = BEGINNING


class ChainKeys:
    """Seals under the newest key; verifies under the one that a seal names, if the installation has it."""

    def __init__(self, keys: Keys) -> None:
        ids = [each.hex()[:16] for each in keys.derive("audit key id")]
        self._keys = dict(zip(ids, keys.derive("audit"), strict=True))
        self.newest = ids[0]

    def has(self, key_id: str) -> bool:
        """Whether the installation has this key."""
        return key_id in self._keys

    def seal(self, before: End, row: dict[str, Any], key_id: str) -> End:
        """The seal of an entry, a row of ``CONTENT``, that follows ``before``.

        Raises KeyError if there is no such key.
        """
        number = before.number + 1
        return End(number, self._mac(key_id, "entry", before.mac, number, *_canonical(row)))

    def seal_ends(self, ends: Ends, key_id: str) -> str:
        """The mac of the row that keeps the ends.

        Raises KeyError if there is no such key.
        """
        return self._mac(key_id, "ends", asdict(ends))

    def _mac(self, key_id: str, *values: Any) -> str:
        # JSON with sorted names: neither order nor where one value ends can be mistaken.
        content = json.dumps([key_id, *values], sort_keys=True, separators=(",", ":")).encode("ascii")
        return hmac.digest(self._keys[key_id], content, hashlib.sha256).hex()


def _canonical(row: dict[str, Any]) -> list[Any]:
    """The same on both engines, whatever they give for moments and JSON."""
    details = row["details"]
    return [
        row["id"],
        moment(row["at"]).isoformat(timespec="microseconds"),
        row["actor_id"],
        row["actor"],
        row["action"],
        row["subject_id"],
        row["subject"],
        row["network"],
        json.loads(details) if isinstance(details, str) else details,
    ]
