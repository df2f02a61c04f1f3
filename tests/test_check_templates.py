from pathlib import Path

import pytest
from jinja2 import FileSystemLoader

from scripts.check_templates import problems
from webapp.jinja import ROOT, environment

BAD = {
    "style": ('<p style="color: red"></p>', "inline style"),
    "style_sheet": ("<style>p {}</style>", "inline style sheet"),
    "script": ("<script>go()</script>", "inline script"),
    "handler": ('<p onclick="go()"></p>', "onclick"),
    "hx_on": ('<p hx-on:click="go()"></p>', "hx-on:click"),
    "data_hx_on": ('<p data-hx-on::after:swap="go()"></p>', "data-hx-on"),
    "js_value": ("<p hx-vals='js:{a: 1}'></p>", "holds a script"),
    "javascript_link": ('<a href="javascript:go()"></a>', "holds a script"),
    "trigger_filter": ('<p hx-trigger="keyup[ctrlKey]"></p>', "trigger filter"),
    "unclosed": ("<div><p></p>", "<div> is never closed"),
    "crossed": ("<b><i></b></i>", "closes nothing"),
    "closed_in_one_branch": ("{% if a is defined %}<p>{% endif %}</p>", "closes nothing"),
    "self_closed": ("<div/>", "is not closed in HTML"),
    "text": ("\n<p>Hello</p>", ":2: a text is not translated: 'Hello'"),
    "attribute": ('<p title="Hello there"></p>', "title is not translated"),
    "argument": ('{{ "Hello there"|upper }}', "not translated: 'Hello there'"),
    "filter": ("{{ 1|no_such_filter }}", "no_such_filter"),
    "syntax": ("{% if %}", "Expected an expression"),
}
GOOD = {
    "translated": '<p title="{{ _("Hello") }}">{{ _("Hello there") }}{% trans %}Hello <b>there</b>{% endtrans %}</p>',
    "name": '<p translate="no">Postern</p><code>postern doctor</code>',
    "branches": "{% if a is defined %}<a>{% else %}<p>{% endif %}{% if a is defined %}</a>{% else %}</p>{% endif %}",
    "drawing": '<svg viewBox="0 0 1 1"><path d="M0 0"/></svg><br><input{% if a is defined %} checked{% endif %}>',
    "script_of_a_file": '<script src="{{ static("vendor/htmx.min.js") }}" defer></script>',
}


def found(tmp_path: Path, name: str, source: str, code: str = "") -> list[str]:
    templates, modules = tmp_path / "templates", tmp_path / "code"
    (templates / name).parent.mkdir(parents=True)
    modules.mkdir()
    (templates / name).write_text(source)
    (modules / "endpoints.py").write_text(code)
    env = environment("en").overlay(loader=FileSystemLoader(templates))
    return problems(templates, modules, env)


@pytest.mark.parametrize(("source", "sentence"), BAD.values(), ids=BAD.keys())
def test_a_template_that_may_not_be_is_named_with_its_fault(tmp_path: Path, source: str, sentence: str) -> None:
    assert any(sentence in line for line in found(tmp_path, "page.html", source))


@pytest.mark.parametrize("source", GOOD.values(), ids=GOOD.keys())
def test_a_template_that_is_right_passes(tmp_path: Path, source: str) -> None:
    assert not found(tmp_path, "page.html", source)


def test_a_letter_may_carry_styles_but_no_text_of_one_language(tmp_path: Path) -> None:
    lines = found(tmp_path, "letters/reset.html", '<p style="margin: 0">Hello</p>')
    assert [line.rpartition(": ")[2] for line in lines] == ["'Hello' (translate=\"no\" marks a name)"]


def test_a_plain_letter_may_carry_no_text_of_one_language(tmp_path: Path) -> None:
    assert found(tmp_path, "letters/reset.txt", "{{ _('Hello') }}\n\nYours")[0].endswith(
        ":3: a text is not translated: 'Yours'"
    )


def test_a_name_that_the_code_does_not_hand_over_is_found(tmp_path: Path) -> None:
    code = 'pages.render(request, "page.html", user=1)'
    assert found(tmp_path, "page.html", "{{ user }}{{ users }}", code)[0].endswith(":1: page.html also needs users")


def test_a_template_that_is_not_there_is_found(tmp_path: Path) -> None:
    code = 'pages.render(request, "page.html", region="_part.html")'
    assert found(tmp_path, "page.html", "", code)[0].endswith("there is no template _part.html")


def test_the_project_has_templates_to_check() -> None:
    assert list((ROOT / "templates").rglob("*.html"))
