"""Texts in the database that are translated when they are shown."""

from typing import Any

from webapp.text import Message


def told(text: Message | None) -> list[Any]:
    """A text as a job keeps it; nothing for none."""
    if text is None:
        return []
    return [text.msgid, {name: told(v) if isinstance(v, Message) else v for name, v in text.params.items()}]


def shown(kept: list[Any]) -> Message | None:
    """The text that was kept; None if there is none."""
    if not kept:
        return None
    msgid, params = kept
    return Message(msgid, {name: shown(v) if isinstance(v, list) else v for name, v in params.items()})
