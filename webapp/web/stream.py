"""Answers that arrive bit by bit: server-sent events, as htmx swaps them in."""

import re
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Final

from starlette.responses import StreamingResponse
from starlette.types import Send

_LINE_ENDS: Final = re.compile(r"\r\n|\r|\n")
_HEADERS: Final = {
    "Cache-Control": "no-store",
    "X-Accel-Buffering": "no",  # nginx would hold the events back until there are many
}


def event(markup: str) -> str:
    """Markup as one event (WHATWG HTML, 9.2): every line of it is a line of data."""
    return "".join(f"data: {line}\n" for line in _LINE_ENDS.split(markup.strip())) + "\n"


class EventStream(StreamingResponse):
    """An answer of ``text/event-stream``. The generator is closed the moment that the browser goes away."""

    def __init__(self, markup: AsyncGenerator[str, None]) -> None:
        self._markup = markup
        super().__init__(self._events(), headers=_HEADERS, media_type="text/event-stream")

    async def _events(self) -> AsyncGenerator[str, None]:
        async for each in self._markup:
            yield event(each)

    async def stream_response(self, send: Send) -> None:
        """Send the events; whatever ends this, the generator is closed."""
        async with aclosing(self._markup):
            await super().stream_response(send)
