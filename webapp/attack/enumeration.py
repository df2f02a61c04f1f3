"""Who has an account: no answer tells (CVE-2022-39307). With a few requests, times are shown and not judged."""

import html
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from statistics import median
from typing import Final

from webapp.attack.http import Answer, Site
from webapp.attack.names import nobody
from webapp.attack.verdict import NotTried, Verdict, judged

_ROUNDS: Final = 3
"""Tries of each kind. Few: each counts against the limits of the account that was named."""
_VARYING: Final = {"date", "set-cookie", "server-timing", "x-request-id", "age"}
"""Headers whose values differ between any two answers, wherever a proxy adds them."""


async def on_the_reset_page(site: Site, existing: str) -> Verdict:
    """`/password-reset` answers a name that exists exactly as one that does not."""
    return await _compared(site, "/password-reset", existing, rounds=1)


async def on_the_sign_in_page(site: Site, existing: str) -> Verdict:
    """`/sign-in` answers a wrong password exactly as an unknown name."""
    return await _compared(site, "/sign-in", existing, rounds=_ROUNDS)


async def _compared(site: Site, path: str, existing: str, *, rounds: int) -> Verdict:
    if not existing:
        return NotTried("Name an account that exists with --as NAME.")
    known: list[tuple[str, Answer]] = []
    unknown: list[tuple[str, Answer]] = []
    for _ in range(rounds):
        for name, answers in ((existing, known), (nobody(), unknown)):
            fields = {"identifier": name} | ({"password": nobody(), "next": ""} if path == "/sign-in" else {})
            answer = await site.post(path, fields)
            if answer.status == 429:
                return NotTried("This network has used up its tries; wait a little, and run it again.")
            answers.append((name, answer))
    shapes = [{_shape(name, answer) for name, answer in kind} for kind in (known, unknown)]
    unlike = "; ".join(_differences(*shapes))
    faults = [f"POST {path} answers {existing} unlike an unknown name: {unlike}."] if unlike else []
    times = [median(answer.seconds for _, answer in kind) * 1_000 for kind in (known, unknown)]
    return judged(faults, f"The same answers; {times[0]:.0f} ms for {existing}, {times[1]:.0f} ms for unknown names.")


@dataclass(frozen=True, slots=True)
class _Shape:
    """What there is to see in an answer, without the name that was typed, which the page gives back."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: str
    cookies: int

    def values(self, name: str) -> tuple[str, ...]:
        return tuple(value for given, value in self.headers if given == name)


def _shape(name: str, answer: Answer) -> _Shape:
    headers = tuple(pair for pair in answer.headers if pair[0] not in _VARYING | {"content-length"})
    body = answer.body.decode("utf-8", "replace").replace(f'"{html.escape(name)}"', '"NAME"')
    return _Shape(answer.status, headers, body, len(answer.cookies))


def _differences(known: set[_Shape], unknown: set[_Shape]) -> Iterator[str]:
    """What the answers differ in, the known name's first: enough to look for the reason, and no page."""
    if known == unknown:
        return
    kinds = (known, unknown)
    differs = False
    for what, of in _LOOKED_AT.items():
        theirs, others = ({of(shape) for shape in kind} for kind in kinds)
        if theirs != others:
            differs = True
            yield f"{what} {_listed(theirs)} against {_listed(others)}"
    for name in sorted({name for shape in known | unknown for name, _ in shape.headers}):
        theirs_of, others_of = ({shape.values(name) for shape in kind} for kind in kinds)
        if theirs_of != others_of:
            differs = True
            yield f"the header {name}"
    if not differs:
        yield "the text of the page"


_LOOKED_AT: Final[dict[str, Callable[[_Shape], int]]] = {
    "status": lambda shape: shape.status,
    "cookies": lambda shape: shape.cookies,
    "characters": lambda shape: len(shape.body),
}


def _listed(numbers: set[int]) -> str:
    return " or ".join(map(str, sorted(numbers)))
