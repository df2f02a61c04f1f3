"""What a template's markup may not hold, read without rendering it."""

import re
from collections.abc import Iterator
from html.parser import HTMLParser
from typing import Final, Literal

from jinja2 import Environment

HOLE: Final = "\ufffc"
"""Stands for the value of an expression."""
VOID: Final = frozenset(
    ["area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"]
)
UNSPOKEN: Final = frozenset(["code", "kbd", "pre", "samp", "script", "style"])
SPOKEN: Final = frozenset(["alt", "aria-description", "aria-label", "aria-roledescription", "placeholder", "title"])
UNTRANSLATED: Final = "not translated"
"""Is part of every sentence about a text that is the same in every language."""
WORD: Final = re.compile(r"(?<![-\w])[^\W\d_]{2,}(?![-\w])")
"""A word that a person reads; what hyphens join to something is part of an identifier."""
Branches = Literal["all", "first", "last"]


def holes(environment: Environment, source: str, branches: Branches = "all") -> str:
    """The markup of a template, line for line: expressions become HOLE, statements and translated text vanish.

    Of the branches of ``if`` and ``for``, all are taken, or only the first or the last (``else``, which may be absent).
    """
    parts: list[str] = []
    taken: list[bool] = []
    translated = False
    statement: list[str] = []
    for _line, kind, value in environment.lex(source):
        if kind == "data" and all(taken):
            parts.append("".join(re.findall(r"<[^>]*>|\n", value)) if translated else value)
            continue
        parts.append("\n" * value.count("\n"))
        if kind == "variable_begin":
            parts.append(HOLE if all(taken) else "")
        elif kind == "block_begin":
            statement = []
        elif kind == "block_end":
            opened = statement[:1]
            translated = (translated or opened == ["trans"]) and opened != ["endtrans"]
            _follow(taken, opened, branches)
        elif kind == "name":
            statement.append(value)
    return "".join(parts)


def _follow(taken: list[bool], opened: list[str], branches: Branches) -> None:
    """Keep track of which branch a statement leads into."""
    match opened:
        case ["if" | "for"]:
            taken.append(branches != "last")
        case ["elif"]:
            taken[-1] = branches == "all"
        case ["else"]:
            taken[-1] = branches != "first"
        case ["endif" | "endfor"]:
            taken.pop()
        case _:
            pass


class Markup(HTMLParser):
    """Collects what is wrong with one template's markup: (line, sentence).

    ``problems`` hold for any branch; ``imbalances`` only mean something where one branch was taken.
    """

    def __init__(self, *, letter: bool) -> None:
        super().__init__(convert_charrefs=True)
        self.problems: list[tuple[int, str]] = []
        self.imbalances: list[tuple[int, str]] = []
        self._open: list[tuple[str, int, bool]] = []
        self._letter = letter

    def _say(self, sentence: str) -> None:
        self.problems.append((self.getpos()[0], sentence))

    @property
    def _exempt(self) -> bool:
        return bool(self._open) and self._open[-1][2]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        exempt = self._exempt or tag in UNSPOKEN or values.get("translate") == "no"
        for sentence in _attribute_problems(tag, values, letter=self._letter, exempt=exempt):
            self._say(sentence)
        if tag not in VOID:
            self._open.append((tag, self.getpos()[0], exempt))

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        in_svg = any(name == "svg" for name, _line, _exempt in self._open)
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self._open.pop()
            if not in_svg:
                self._say(f"<{tag}/> is not closed in HTML: write </{tag}>")

    def handle_endtag(self, tag: str) -> None:
        if self._open and self._open[-1][0] == tag:
            self._open.pop()
        else:
            inner = f"<{self._open[-1][0]}> of line {self._open[-1][1]} is open" if self._open else "nothing is open"
            self.imbalances.append((self.getpos()[0], f"</{tag}> closes nothing: {inner}"))

    def handle_data(self, data: str) -> None:
        inside = self._open[-1][0] if self._open else ""
        if inside == "style" and not self._letter:
            self._say("an inline style sheet: the Content-Security-Policy refuses it")
        elif inside == "script" and data.strip():
            self._say("an inline script: the Content-Security-Policy refuses it")
        elif not self._exempt and (word := WORD.search(data)):
            self._say(f'a text is {UNTRANSLATED}: {word[0]!r} (translate="no" marks a name)')

    def close(self) -> None:
        super().close()
        for tag, line, _exempt in self._open:
            self.imbalances.append((line, f"<{tag}> is never closed"))


def _attribute_problems(tag: str, values: dict[str, str], *, letter: bool, exempt: bool) -> Iterator[str]:
    for name, value in values.items():
        bare = name.removeprefix("data-")
        if bare == "style" and not letter:
            yield "an inline style: the Content-Security-Policy refuses it"
        elif bare.startswith("hx-on"):
            yield f"{name}: the Content-Security-Policy refuses it"
        elif name.startswith("on") and name.isalpha():
            yield f"{name}: an inline event handler, which the Content-Security-Policy refuses"
        elif value.lstrip().lower().startswith(("js:", "javascript:")):
            yield f"{name} holds a script, which the Content-Security-Policy refuses"
        elif bare == "hx-trigger" and "[" in value:
            yield "a trigger filter is a script, which the Content-Security-Policy refuses"
        spoken = name in SPOKEN or (name == "value" and tag == "input" and values.get("type") in {"submit", "button"})
        if spoken and not exempt and WORD.search(value):
            yield f"{name} is {UNTRANSLATED}: {value!r}"


def markup_problems(environment: Environment, source: str, *, letter: bool) -> list[tuple[int, str]]:
    """What is wrong with an HTML template, as (line, sentence); a ``letter`` may carry styles, as mail must."""
    whole = _read(holes(environment, source), letter=letter)
    first = _read(holes(environment, source, "first"), letter=letter)
    last = _read(holes(environment, source, "last"), letter=letter)
    return sorted({*whole.problems, *first.imbalances, *last.imbalances})


def _read(markup: str, *, letter: bool) -> Markup:
    parser = Markup(letter=letter)
    parser.feed(markup)
    parser.close()
    return parser


def text_problems(environment: Environment, source: str) -> list[tuple[int, str]]:
    """What is wrong with a plain-text template, as (line, sentence)."""
    lines = enumerate(holes(environment, source).splitlines(), 1)
    return [(n, f"a text is {UNTRANSLATED}: {word[0]!r}") for n, line in lines if (word := WORD.search(line))]
