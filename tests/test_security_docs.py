"""That docs/security.md is true: what it names exists, and it passes no requirement over."""

import re
from pathlib import Path

from webapp.attack.http import MOST_REQUESTS
from webapp.attack.plan import attacks

ROOT = Path(__file__).resolve().parent.parent
PAGE = (ROOT / "docs/security.md").read_text()
NUMBER = re.compile(r"(?<![\d.])(\d{1,2}\.\d{1,2}\.\d{1,2})(?![\d.])")
NAMED = re.compile(r"`((?:webapp|tests|templates|static|scripts|docs|requirements)/[^`*]+|[A-Z]+\.md|pyproject\.toml)`")
ROW = re.compile(r"^\| (\d+\.\d+\.\d+) \| (\d) \| ([^|]+) \| ([^|]+) \| ([^|]+) \|$", re.MULTILINE)

LEVELS = (
    "1.1 22, 1.2 1111122223, 1.3 112222222223, 1.4 222, 1.5 123, 2.1 122, 2.2 112, 2.3 12223, 2.4 23, 3.1 3, "
    "3.2 113, 3.3 12223, 3.4 11222233, 3.5 11122333, 3.6 3, 3.7 22333, 4.1 12233, 4.2 23333, 4.3 22, 4.4 1222, "
    "5.1 2, 5.2 112333, 5.3 113, 5.4 222, 6.1 122, 6.2 111111112222, 6.3 11223333, 6.4 112233, 6.5 22222333, "
    "6.6 2223, 6.7 33, 6.8 2222, 7.1 222, 7.2 1111, 7.3 22, 7.4 11222, 7.5 223, 7.6 22, 8.1 1233, 8.2 1123, "
    "8.3 133, 8.4 23, 9.1 111, 9.2 1222, 11.1 2233, 11.2 22233, 11.3 11233, 11.4 1222, 11.5 23, 11.6 23, 11.7 "
    "33, 12.1 12233, 12.2 11, 12.3 22223, 13.1 2333, 13.2 222223, 13.3 2233, 13.4 1222233, 14.1 22, 14.2 "
    "12223333, 14.3 122, 15.1 12233, 15.2 12233, 15.3 1222222, 15.4 3333, 16.1 2, 16.2 22222, 16.3 2222, 16.4 "
    "222, 16.5 2223"
)
"""The level of each requirement, section by section, but for chapters 10 and 17: the page speaks of them as a whole."""


def levels() -> dict[str, str]:
    """The level of each requirement of ASVS 5.0.0."""
    sections = (section.split(" ") for section in LEVELS.split(", "))
    return {f"{section}.{number}": level for section, row in sections for number, level in enumerate(row, 1)}


def test_every_module_and_test_it_names_exists() -> None:
    named = set(NAMED.findall(PAGE))
    assert len(named) > 100
    assert [name for name in sorted(named) if not (ROOT / name).exists()] == []


def test_every_requirement_of_levels_1_and_2_is_spoken_of_once() -> None:
    found = NUMBER.findall(PAGE.partition("\n## 1 ")[2])
    counted = [number for number in found if number in levels()]
    assert sorted({number for number in counted if counted.count(number) > 1}) == []
    assert sorted(number for number, level in levels().items() if level in "12" and number not in counted) == []


def test_rows_say_the_level_where_and_what_shows_it() -> None:
    for number, level, _, where, shown in ROW.findall(PAGE):
        assert levels()[number] == level, number
        assert where.strip(), number
        assert shown.startswith(("`tests/", "`make ")), number
    assert len(ROW.findall(PAGE)) == len(re.findall(r"^\| \d+\.\d+\.\d+ ", PAGE, re.MULTILINE))


def test_what_an_attack_stands_for_is_spoken_of() -> None:
    spoken = set(NUMBER.findall(PAGE))
    assert {number for attack in attacks() for number in attack.asvs} <= spoken
    assert f"at most {MOST_REQUESTS} requests" in PAGE
