"""Texts that people read: marked where they arise, translated where they are shown."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from gettext import GNUTranslations, NullTranslations
from pathlib import Path
from typing import Final

from babel.core import Locale, UnknownLocaleError, negotiate_locale
from babel.support import Translations

LANGUAGES: Final = ("en", "zh_Hans")
"""The languages there is a catalogue for, the default first."""

LOCALE_DIR: Final = Path(__file__).resolve().parent.parent / "locale"


@dataclass(frozen=True, slots=True)
class Message:
    """A text in English with ``%(name)s`` placeholders, to be translated when it is shown.

    A parameter may itself be a Message.
    """

    msgid: str
    params: Mapping[str, object] = field(default_factory=dict)

    def __str__(self) -> str:
        return self.msgid % _plain(self.params) if self.params else self.msgid


def message(msgid: str, /, **params: object) -> Message:
    """Mark a text for translation; the catalogue tool collects the calls of this function."""
    return Message(msgid, params)


def _plain(params: Mapping[str, object]) -> dict[str, object]:
    return {name: str(value) if isinstance(value, Message) else value for name, value in params.items()}


class Translator:
    """One language: looks texts up in its catalogue."""

    def __init__(self, language: str) -> None:
        self.language = language
        self.locale = Locale.parse(language)
        self._catalogue = _catalogue(language)

    @property
    def tag(self) -> str:
        """The language as a BCP 47 tag, for ``<html lang>`` and Content-Language."""
        return self.language.replace("_", "-")

    def gettext(self, msgid: str) -> str:
        """The text in this language."""
        return self._catalogue.gettext(msgid)

    def ngettext(self, singular: str, plural: str, n: int) -> str:
        """The text for a count of ``n`` in this language."""
        return self._catalogue.ngettext(singular, plural, n)

    def show(self, text: Message | str | float) -> str:
        """A message in this language, its parameters filled in; text that is no Message stays as it is."""
        if not isinstance(text, Message):
            return text if isinstance(text, str) else str(text)
        translated = self.gettext(text.msgid)
        if not text.params:
            return translated
        return translated % {
            name: self.show(value) if isinstance(value, Message) else value for name, value in text.params.items()
        }


@cache
def _catalogue(language: str) -> NullTranslations | GNUTranslations:
    return Translations.load(str(LOCALE_DIR), [language])


@cache
def translator(language: str) -> Translator:
    """The translator of one of LANGUAGES; any other language falls back to the first."""
    return Translator(language if language in LANGUAGES else LANGUAGES[0])


def negotiate(accept_language: str) -> str:
    """The best of LANGUAGES for an Accept-Language header (RFC 9110, 12.5.4).

    A Chinese tag without a script (``zh``, ``zh-CN``, ``zh-SG``) means Simplified Chinese; malformed parts are ignored.
    """
    ranked: list[tuple[float, str]] = []
    for part in accept_language[:1_000].split(","):
        tag, _, weight = part.strip().partition(";")
        try:
            quality = float(weight.strip().removeprefix("q=")) if weight else 1.0
        except ValueError:
            continue
        known = _known(tag.strip())
        if known and quality > 0:
            ranked.append((quality, known))
    return max(ranked, key=lambda pair: pair[0])[1] if ranked else LANGUAGES[0]


def _known(tag: str) -> str | None:
    if not tag.replace("-", "").isalnum():
        return None
    try:
        locale = Locale.parse(tag, sep="-")
    except (ValueError, UnknownLocaleError):
        return None
    script = locale.script or (
        "Hans" if locale.language == "zh" and locale.territory in {None, "CN", "SG", "MY"} else ""
    )
    return negotiate_locale([f"{locale.language}_{script}" if script else locale.language], LANGUAGES)
