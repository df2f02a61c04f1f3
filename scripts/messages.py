"""Catalogues of translations: ``collect`` the texts and update the catalogues, ``compile`` them for gettext.

The files carry no dates and no line numbers, so that a change shows only the texts that changed.
"""

import io
import sys
from pathlib import Path
from typing import Final

from babel.messages.catalog import Catalog
from babel.messages.extract import DEFAULT_KEYWORDS, extract_from_dir
from babel.messages.frontend import parse_keywords, parse_mapping_cfg
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

ROOT: Final = Path(__file__).resolve().parent.parent
LOCALE: Final = ROOT / "locale"
TEMPLATE: Final = LOCALE / "messages.pot"
TRANSLATED: Final = ("zh_Hans",)
"""The languages with a catalogue of their own; the texts in the source are the English ones."""

KEYWORDS: Final = {**DEFAULT_KEYWORDS, **parse_keywords(["_", "gettext", "ngettext:1,2", "message:1"])}
NOISE: Final = (
    "Project-Id-Version",
    "Report-Msgid-Bugs-To",
    "POT-Creation-Date",
    "PO-Revision-Date",
    "Last-Translator",
    "Language-Team",
    "Generated-By",
)
"""Headers that would change without any text changing, or that say nothing."""


def catalogue_path(language: str) -> Path:
    """Where a language's translations are."""
    return LOCALE / language / "LC_MESSAGES" / "messages.po"


def collected() -> Catalog:
    """The texts of the source as they are now."""
    with (ROOT / "babel.cfg").open() as config:
        methods, options = parse_mapping_cfg(config)  # type: ignore[no-untyped-call] # the one function of babel without types
    catalogue = _empty()
    found = extract_from_dir(ROOT, methods, options, keywords=KEYWORDS, comment_tags=("Translators:",))
    # The order of files on disk differs between machines; a text keeps the place where it is first met.
    for path, _line, texts, comments, context in sorted(found, key=lambda item: (item[0], item[1])):
        catalogue.add(texts, locations=[(path, 0)], auto_comments=comments, context=context)
    return catalogue


def load(language: str) -> Catalog:
    """A language's translations as they are on disk; an empty catalogue when there are none yet."""
    path = catalogue_path(language)
    if not path.exists():
        return _empty(language)
    with path.open("rb") as file:
        return read_po(file, locale=language, domain="messages")


def _empty(language: str | None = None) -> Catalog:
    return Catalog(
        locale=language, domain="messages", project="Postern", copyright_holder="", header_comment="", fuzzy=False
    )


def collect() -> None:
    """Write the template and bring every catalogue up to date with it; texts that are gone are dropped."""
    template = collected()
    _write(TEMPLATE, template)
    for language in TRANSLATED:
        catalogue = load(language)
        catalogue.update(template, no_fuzzy_matching=False)
        _write(catalogue_path(language), catalogue)
        waiting = sum(1 for entry in catalogue if entry.id and (entry.fuzzy or not _whole(entry.string)))
        print(f"{language}: {len(catalogue)} texts, {waiting} to translate")


def _whole(translation: object) -> bool:
    return all(translation) if isinstance(translation, (tuple, list)) else bool(translation)


def _write(path: Path, catalogue: Catalog) -> None:
    buffer = io.BytesIO()
    write_po(buffer, catalogue, width=0, include_lineno=False, ignore_obsolete=True)
    lines = buffer.getvalue().decode().splitlines()
    kept = [line for line in lines if not line.startswith(tuple(f'"{header}:' for header in NOISE))]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(kept).strip() + "\n", encoding="utf-8")


def compile_all() -> None:
    """Write the compiled catalogues that gettext reads; fuzzy translations are left out."""
    for language in TRANSLATED:
        with catalogue_path(language).with_suffix(".mo").open("wb") as file:
            write_mo(file, load(language))


if __name__ == "__main__":
    {"collect": collect, "compile": compile_all}[sys.argv[1]]()
