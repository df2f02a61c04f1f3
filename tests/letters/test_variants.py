"""Letters that say one thing or another: each way is written, and both parts say the same."""

import re
from collections.abc import Iterator, Mapping
from html import unescape

import pytest

from tests.letters.test_compose import CONTEXTS, part, read, written

WHAT = ("added", "removed", "cleared", "used", "few", "tried")
HREF = re.compile(r'href="(http[^"]+)"')
ADDRESS = re.compile(r"http://\S+")


def variants() -> Iterator[tuple[str, Mapping[str, object]]]:
    """Each letter with each of its switches turned, and with each of the words that may be missing left out."""
    for kind, context in CONTEXTS.items():
        for name, value in context.items():
            if isinstance(value, bool) and kind != "second_factor":
                yield kind, {**context, name: not value}
            if name in {"zone", "browser", "network"}:
                yield kind, {**context, name: ""}
            if name in {"minutes", "days"}:
                yield kind, {**context, name: 1}
    changed = CONTEXTS["address_changed"]
    yield "address_changed", {**changed, "to_former": False, "by_owner": True, "link": ""}
    for said in ((), ("added",), ("removed",), ("cleared",), ("used",), ("used", "few"), ("tried",)):
        yield "second_factor", {**CONTEXTS["second_factor"], **{name: name in said for name in WHAT}}


ALL = list(variants())


def words(text: str) -> str:
    """The words without their breaks."""
    return " ".join(text.split())


@pytest.mark.parametrize("language", ["en", "zh_Hans"])
@pytest.mark.parametrize(("kind", "context"), ALL, ids=[f"{kind}{at}" for at, (kind, _) in enumerate(ALL)])
def test_both_parts_say_the_same(kind: str, context: Mapping[str, object], language: str) -> None:
    message = read(written(kind, language=language, context=context))
    text, html = part(message, "plain"), part(message, "html")
    assert message["Subject"]
    for each in (text, html):
        assert not re.search(r"\{[{%]|[%}]\}|None|False|True", each)
    assert set(ADDRESS.findall(text)) == set(map(unescape, HREF.findall(html)))
    seen = words(unescape(re.sub(r"<[^>]+>", " ", re.sub(r"<(head|style).*?</\1>", "", html, flags=re.DOTALL))))
    first = words(text).split("\n")[0]
    opening = re.split(r"(?<=[.。:：])\s|(?<=[。：])", first)[0].rstrip(":：.。")
    assert opening in seen


def test_each_way_is_told_apart_from_the_others() -> None:
    told = [part(read(written(kind, context=context)), "plain") for kind, context in ALL]
    assert len(set(told)) == len(told)
