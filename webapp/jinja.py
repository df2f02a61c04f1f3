"""Jinja environments: one a language, strict about names that are not there."""

import hashlib
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from types import CodeType
from typing import Any, Final
from zoneinfo import ZoneInfo

from jinja2 import BytecodeCache, Environment, FileSystemLoader, StrictUndefined, pass_context
from jinja2.bccache import Bucket
from jinja2.runtime import Context
from markupsafe import Markup, escape

from webapp.text import Translator, translator
from webapp.time_zone import day_in_words, in_words, zone

ROOT: Final = Path(__file__).resolve().parent.parent
TEMPLATES_DIR: Final = ROOT / "templates"
STATIC_DIR: Final = ROOT / "static"


class _Compiled(BytecodeCache):
    """Templates that were compiled in this process: the code is the same in every language, its texts are looked up."""

    def __init__(self) -> None:
        self._codes: dict[tuple[str, str], CodeType] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        """Fill the bucket if its source was compiled before."""
        bucket.code = self._codes.get((bucket.key, bucket.checksum))

    def dump_bytecode(self, bucket: Bucket) -> None:
        """Keep what was compiled."""
        if bucket.code is not None:
            self._codes[bucket.key, bucket.checksum] = bucket.code


_COMPILED: Final = {autoescape: _Compiled() for autoescape in (True, False)}


def environment(language: str, *, autoescape: bool = True, names: Mapping[str, Any] | None = None) -> Environment:
    """An environment whose texts are in ``language``; ``names`` are known to every template."""
    words = translator(language)
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES_DIR),
        autoescape=autoescape,  # noqa: S701  off for the text part of a letter alone
        undefined=StrictUndefined,
        extensions=["jinja2.ext.i18n"],
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
        bytecode_cache=_COMPILED[autoescape],
    )
    environment.install_gettext_callables(words.gettext, words.ngettext, newstyle=True)  # type: ignore[attr-defined]
    environment.globals["_"] = environment.globals["gettext"] = _gettext(words, Markup if autoescape else str)
    environment.filters["show"] = words.show
    environment.filters["digits"] = "{:,}".format
    environment.filters["moment"], environment.filters["day"] = _moment(words), _day(words)
    environment.globals.update(names or {})
    environment.globals.update(language=words.tag, static=static)
    return environment


def _gettext(words: Translator, kind: type[str]) -> Callable[..., str]:
    """What templates call ``_``: what Jinja's own does, but a text without parameters is looked up and escaped once."""

    @cache
    def text_of(msgid: str) -> str:
        return kind(words.gettext(msgid))

    @cache
    def plain(msgid: str) -> str:
        return text_of(msgid) % {}

    def gettext(msgid: str, **values: Any) -> str:
        return text_of(msgid) % values if values else plain(msgid)

    return gettext


def _moment(words: Translator) -> Callable[..., Markup]:
    """The filter that shows a moment in the zone that the page's context names as ``time_zone``.

    Without one it is in UTC, and says so: app.js turns that to the browser's own zone. To the second it stands in the
    title, with the zone's distance from UTC. A macro that is imported uses it only if it is imported ``with context``.
    """

    @pass_context
    def moment(context: Context, at: datetime | None, *, seconds: bool = False) -> Markup:
        if at is None:
            return Markup("")
        name = context.get("time_zone") or ""
        return _time(at, in_words(at, name, words.locale, seconds=seconds), zone(name))

    return moment


def _day(words: Translator) -> Callable[..., Markup]:
    """The filter that shows the day of a moment, like ``moment``. In UTC it does not say so; a mark tells app.js."""

    @pass_context
    def day(context: Context, at: datetime) -> Markup:
        name = context.get("time_zone") or ""
        place = zone(name)
        return _time(at, day_in_words(at, name, words.locale), place, "" if place else " data-day")

    return day


def _time(at: datetime, shown: str, place: ZoneInfo | None, mark: str = "") -> Markup:
    exact = at.astimezone(place or UTC).isoformat(timespec="seconds")
    title = f"{exact[:10]} {exact[11:19]} {exact[19:] if place else 'UTC'}"
    return Markup(f'<time datetime="{exact}" title="{title}"{mark}>{escape(shown)}</time>')  # noqa: S704 - escaped


@cache
def static(path: str) -> str:
    """The URL of a static file, with a mark of its content so that it may be cached for ever."""
    digest = hashlib.sha256((STATIC_DIR / path).read_bytes()).hexdigest()[:12]
    return f"/static/{path}?v={digest}"
