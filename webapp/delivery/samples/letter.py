"""The sample: a reset letter in looks and in the way it goes, whose link opens no account."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Final

from webapp.outbox.kind import Kind, Words
from webapp.outbox.models import Letter

KIND: Final = "sample"


def sample(*, public_url: str, lifetime: Callable[[], Awaitable[timedelta]], forgot_path: str) -> Kind:
    """A letter that shows what a reset letter looks like. Its link leads to where one asks for a real one."""

    async def write(letter: Letter) -> Words:
        context = {
            "username": letter.params.get("username", ""),
            "link": f"{public_url}{forgot_path}",
            "minutes": round((await lifetime()).total_seconds() / 60),
            "asked_by_staff": False,
        }
        return Words(context, letter.language)

    return Kind(write, expires=True)
