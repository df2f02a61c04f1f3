"""What somebody typed into a form that cannot be taken yet: a page carries it forward, all but the secrets."""

import json
from dataclasses import dataclass
from typing import Final

from starlette.datastructures import UploadFile

from webapp.web.forms import read_pairs
from webapp.web.state import Req

SECRETS: Final = frozenset(
    {
        "password",
        "new_password",
        "current_password",
        "oauth_client_secret",
        "oauth_refresh_token",
        "secret",
        "url",  # of a webhook: whoever has it may write to that channel
        "code",
        "token",
    }
)
"""The names of fields that are never sent back to a browser."""


@dataclass(frozen=True, slots=True)
class Typed:
    """A form as it was sent."""

    to: str
    """The path that it was sent to."""
    values: tuple[tuple[str, str], ...] = ()
    again: tuple[str, ...] = ()
    """The fields that held a secret: it has to be typed again."""
    files: tuple[str, ...] = ()
    """The fields that held a file: it has to be chosen again."""

    def __bool__(self) -> bool:
        """Whether anything was typed at all."""
        return bool(self.values or self.again or self.files)

    def dumps(self) -> str:
        """As text for a hidden field; ``loads`` reads it."""
        return json.dumps([self.values, self.again, self.files], ensure_ascii=False, separators=(",", ":"))


async def read_typed(request: Req) -> Typed:
    """What was sent, whatever fields it has.

    Raises:
        Refusal: as read_fields does, for what is no form.
    """
    values, again, files = [], [], []
    for name, value in await read_pairs(request):
        if isinstance(value, UploadFile):
            files.append(name)
        elif name not in SECRETS:
            values.append((name, value))
        elif value:
            again.append(name)
    return Typed(request.scope["path"], tuple(values), tuple(dict.fromkeys(again)), tuple(dict.fromkeys(files)))


def loads(to: str, text: str) -> Typed | None:
    """What dumps() wrote; None for anything else."""
    try:
        values, again, files = json.loads(text)
        pairs = tuple((name, value) for name, value in values)
    except (ValueError, TypeError, RecursionError):
        return None
    texts = [*(text for pair in pairs for text in pair), *again, *files]
    if not isinstance(again, list) or not isinstance(files, list) or not all(isinstance(each, str) for each in texts):
        return None
    return Typed(to, pairs, tuple(again), tuple(files))
