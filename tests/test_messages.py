import re
from collections.abc import Sequence

import pytest
from babel.messages.catalog import Catalog, Message
from babel.messages.pofile import read_po

from scripts.messages import TEMPLATE, TRANSLATED, collected, load
from webapp.text import LANGUAGES

PLACEHOLDER = re.compile(r"%\(\w+\)[a-z]")


def texts(value: object) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) else tuple(value) if isinstance(value, (tuple, list)) else ()


def entries(catalogue: Catalog) -> list[Message]:
    return [entry for entry in catalogue if entry.id]


def placeholders(value: object) -> set[str]:
    return {found for text in texts(value) for found in PLACEHOLDER.findall(text)}


def test_every_language_but_english_has_a_catalogue() -> None:
    assert {"en", *TRANSLATED} == set(LANGUAGES)


def first_few(found: Sequence[object]) -> str:
    return f"{len(found)} texts, among them {found[:5]}"


def test_the_template_of_the_catalogues_is_up_to_date() -> None:
    with TEMPLATE.open("rb") as file:
        written = {entry.id for entry in entries(read_po(file))}
    different = list(written ^ {entry.id for entry in entries(collected())})
    assert len(different) == 0, f"run `make messages`: {first_few(different)}"


@pytest.mark.parametrize("language", TRANSLATED)
def test_every_text_of_the_source_is_translated(language: str) -> None:
    catalogue = load(language)
    untranslated = []
    for entry in entries(collected()):
        known = catalogue.get(entry.id, entry.context)
        if known is None or known.fuzzy or not texts(known.string) or not all(texts(known.string)):
            untranslated.append(entry.id)
    assert len(untranslated) == 0, f"run `make messages`, then translate in {language}: {first_few(untranslated)}"


@pytest.mark.parametrize("language", TRANSLATED)
def test_a_translation_has_the_placeholders_of_its_text(language: str) -> None:
    different = [
        entry.id
        for entry in entries(load(language))
        if any(texts(entry.string)) and placeholders(entry.id) != placeholders(entry.string)
    ]
    assert len(different) == 0, first_few(different)


@pytest.mark.parametrize("language", TRANSLATED)
def test_no_translation_is_left_over_from_a_text_that_is_gone(language: str) -> None:
    present = collected()
    left_over = [entry.id for entry in entries(load(language)) if present.get(entry.id, entry.context) is None]
    assert len(left_over) == 0, f"run `make messages`: {first_few(left_over)}"
