"""Check every template: it compiles, its markup is whole, nothing is inline or untranslated, its names are given."""

import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from jinja2 import Environment, TemplateNotFound, TemplateSyntaxError, nodes

from scripts.template_markup import UNTRANSLATED, markup_problems, text_problems
from scripts.template_names import Names, renderings
from webapp.jinja import ROOT, TEMPLATES_DIR, environment

TRANSLATORS: Final = frozenset(["_", "gettext", "ngettext"])
SENTENCE: Final = re.compile(r"[A-Z][a-z]+( |$)")
ENGLISH: Final = frozenset(["dev_mailbox/kit.html"])
"""Pages for developers alone, in English: the kit shows every control with made-up texts."""
NAMES: Final = frozenset(["English"])
"""What looks like a text and is a name: a language calls itself the same in every language."""


def problems(templates: Path, code: Path, env: Environment) -> list[str]:
    """What is wrong with the templates in a folder and with how the code renders them, one line each."""
    lines = []
    for path in sorted(templates.rglob("*.*")):
        name = path.relative_to(templates).as_posix()
        try:
            found = list(_template_problems(env, name, path.read_text(encoding="utf-8")))
        except TemplateSyntaxError as error:
            found = [(error.lineno, str(error.message))]
        lines += [
            f"{path}:{line}: {sentence}"
            for line, sentence in found
            if name not in ENGLISH or UNTRANSLATED not in sentence
        ]
    return lines or list(_name_problems(code, Names(env)))


def _template_problems(env: Environment, name: str, source: str) -> Iterator[tuple[int, str]]:
    env.compile(source, name)  # an unknown filter or test raises here
    tree = env.parse(source, name)
    translated = {id(node) for call in _translations(tree) for node in call.find_all(nodes.Const)}
    for node in tree.find_all(nodes.Const):
        if id(node) not in translated and _is_text(node.value):
            yield node.lineno, f"a text is {UNTRANSLATED}: {node.value!r}"
    if name.endswith(".html"):
        yield from markup_problems(env, source, letter=name.startswith("letters/"))
    elif name.endswith(".txt"):
        yield from text_problems(env, source)


def _is_text(value: object) -> bool:
    return isinstance(value, str) and value not in NAMES and bool(SENTENCE.match(value))


def _translations(tree: nodes.Template) -> Iterator[nodes.Call]:
    for call in tree.find_all(nodes.Call):
        if isinstance(call.node, nodes.Name) and call.node.name in TRANSLATORS:
            yield call


def _name_problems(code: Path, names: Names) -> Iterator[str]:
    for file in sorted(code.rglob("*.py")):
        for line, templates, given, complete in renderings(file):
            for template in templates:
                try:
                    missing = names.needed(template) - given
                except TemplateNotFound as error:
                    yield f"{file}:{line}: there is no template {error.name}"
                    continue
                if complete and missing:
                    yield f"{file}:{line}: {template} also needs {', '.join(sorted(missing))}"


def main() -> int:
    """Print what is wrong; exit status 1 when anything is."""
    found = problems(TEMPLATES_DIR, ROOT / "webapp", environment("en"))
    for line in found:
        print(line.removeprefix(f"{ROOT}/"), file=sys.stderr)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
