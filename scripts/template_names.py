"""Which names a template needs, and whether the code that renders it hands them over."""

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from jinja2 import Environment, nodes
from jinja2.meta import find_referenced_templates, find_undeclared_variables

RENDERERS: Final = frozenset(["done", "part", "render"])
"""The methods of Pages that render a template, named by its path, with keywords for its names."""
GIVEN: Final = frozenset(
    ["banners", "dev", "languages", "nav", "path", "here", "principal", "product_name", "toasts", "url"]
)
"""What Pages gives to every page."""


class Names:
    """The names of every template, parsed once."""

    def __init__(self, environment: Environment) -> None:
        self._environment = environment
        self._trees: dict[str, nodes.Template] = {}

    def tree(self, name: str) -> nodes.Template:
        """A template, parsed."""
        if name not in self._trees:
            assert self._environment.loader is not None  # noqa: S101 # the app's environment has one
            source = self._environment.loader.get_source(self._environment, name)[0]
            self._trees[name] = self._environment.parse(source, name)
        return self._trees[name]

    def needed(self, name: str) -> set[str]:
        """What must be handed over to render a template, with the layout it extends and the parts it includes."""
        needed: set[str] = set()
        bound: set[str] = set(self._environment.globals) | GIVEN
        waiting, seen = [name], set()
        while waiting:
            current = waiting.pop()
            if current in seen:
                continue
            seen.add(current)
            tree = self.tree(current)
            needed |= find_undeclared_variables(tree) - _guarded(tree)
            bound |= _bound(tree)
            waiting += [each for each in find_referenced_templates(_without_imports(tree)) if each]
        return needed - bound


def _bound(tree: nodes.Template) -> set[str]:
    """Names that a template gives to itself and its parts: assigned, looped over, imported or defined as macros."""
    assigned = {each.name for each in tree.find_all(nodes.Name) if each.ctx in {"store", "param"}}
    pairs = (each for imported in tree.find_all(nodes.FromImport) for each in imported.names)
    imported = {each[1] if isinstance(each, tuple) else each for each in pairs}
    modules = {each.target for each in tree.find_all(nodes.Import)}
    return assigned | imported | modules | {each.name for each in tree.find_all(nodes.Macro)}


def _guarded(tree: nodes.Template) -> set[str]:
    """Names that a template asks about before it uses them (``is defined``)."""
    tests = (test.node for test in tree.find_all(nodes.Test) if test.name == "defined")
    return {node.name for node in tests if isinstance(node, nodes.Name)}


def _without_imports(tree: nodes.Template) -> nodes.Template:
    """The layouts and parts that share the template's names; imported macros have only their arguments."""
    sharing = (nodes.Extends, nodes.Include)
    return nodes.Template([nodes.Output([]), *tree.find_all(sharing)], lineno=1)


def renderings(file: Path) -> Iterator[tuple[int, list[str], set[str], bool]]:
    """The calls in a module that render templates: line, templates, names handed over, and whether that is all."""
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in RENDERERS:
            values = [*node.args, *(each.value for each in node.keywords if each.arg in {"page", "region"})]
            literals = [each.value for each in values if isinstance(each, ast.Constant) and isinstance(each.value, str)]
            templates = [each for each in literals if each.endswith((".html", ".txt"))]
            names = {each.arg for each in node.keywords if each.arg}
            if templates:
                yield node.lineno, templates, names, len(names) == len(node.keywords)
