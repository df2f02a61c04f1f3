"""Whether it can be told who has an account by how long answers take: `python -m bench.telling_times [SIZE [RUNS]]`.

People who are known, disabled or without an address and names that nobody has are asked for by turns, each in the same
way and equally often: at the forgot page and at sign-in, with a mail server that answers, one that is dead and one that
is slow. Told apart by the area under the ROC curve: 0.5 is guessing, 1 is certainty. Beside it Django's views.
"""

import asyncio
import random
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from statistics import mean
from typing import Any, Final

from bench.caller import Caller
from bench.django_site import IS_INSTALLED, django_site
from bench.figures import Figure, tried
from bench.installation import installation
from bench.letter_sink import letter_sink
from bench.process import environment, postern
from tests.area_under_curve import area_under_curve
from tests.ports import free_port
from webapp.clock import utc_now
from webapp.crypto.passwords import Passwords
from webapp.db.connect import Database, transaction
from webapp.users.models import User

SIZE: Final = 2_000
"""Of each kind in a run."""
RUNS: Final = 6
ROOM: Final = 0.01
SLOW_SECONDS: Final = 2.0
MAILS: Final = ("up", "dead", "slow")
PASSWORD: Final = "nine purple lanterns humming"
_MANY: Final = "1000000"
_WITHOUT_LIMITS: Final = {
    "TRUSTED_PROXIES": "127.0.0.1",
    "RESET_REPEAT_SECONDS": "0",
    "RESETS_PER_NETWORK_PER_HOUR": _MANY,
    "SIGN_INS_PER_NETWORK_PER_MINUTE": _MANY,
    "SIGN_INS_PER_MINUTE": _MANY,
    "LETTERS_PER_RECIPIENT_PER_HOUR": _MANY,
}

Names = Mapping[str, Sequence[str]]
"""The names of each kind, of the same shape and spread alike over the alphabet."""
Times = Mapping[str, list[float]]
"""Seconds, by kind."""


@dataclass(frozen=True, slots=True)
class Form:
    """A form that names somebody, and the page that is looked at right afterwards."""

    path: str
    field: str
    status: int
    after: str
    others: Mapping[str, str]


OURS: Final = (
    Form("/password-reset", "identifier", 303, "/password-reset/sent", {}),
    Form("/sign-in", "identifier", 422, "/sign-in", {"password": "what nobody has chosen"}),
)
DJANGOS: Final = (
    Form("/password-reset", "email", 302, "/password-reset/sent", {}),
    Form("/sign-in", "username", 200, "/sign-in", {"password": "what nobody has chosen"}),
)


def measure(folder: Path, size: int = SIZE, runs: int = RUNS) -> list[Figure]:
    """Ours with each of the mail servers, then Django's with one that answers."""
    names = _names(int(size))
    figures = []
    for mail in MAILS:
        own = folder / mail
        own.mkdir()
        with _mail_server(mail, own) as port:
            figures += _ours(mail, own, port, names, int(runs))
    if not IS_INSTALLED:
        return [*figures, Figure("Django", "not measured: it is not installed (make bench does)", "")]
    with letter_sink(folder) as port, django_site(folder, list(_django_people(names)), mail_port=port) as url:
        for form in DJANGOS:
            # Its form for a forgotten password asks for the address.
            asked = {
                kind: [f"{name}@example.org" for name in names[kind]] if form.field == "email" else names[kind]
                for kind in names
            }
            figures += _told(f"Django, {form.path}, mail up", [_run(url, form, asked, 0)], aim=None)
    return figures


def _names(size: int) -> Names:
    # Names of the same length, so that neither their length nor their place in an index tells the kind.
    dice = random.Random(size)  # noqa: S311 - nothing secret
    drawn = dice.sample(range(16**7, 16**8), 4 * size)
    kinds = ("known", "unknown", "disabled", "without an address")
    return {kind: [f"n{number:x}" for number in drawn[place::4]] for place, kind in enumerate(kinds)}


@contextmanager
def _mail_server(state: str, folder: Path) -> Iterator[int]:
    if state == "dead":
        yield free_port()
        return
    with letter_sink(folder, SLOW_SECONDS if state == "slow" else 0.0) as port:
        yield port


def _ours(mail: str, folder: Path, port: int, names: Names, runs: int) -> list[Figure]:
    asyncio.run(_prepare(folder, port, names))
    environ = environment(folder, EGRESS_PORTS=str(port), **_WITHOUT_LIMITS)
    figures = []
    with postern("serve", folder, environ) as url:
        for form in OURS:
            done = [_run(url, form, names, number) for number in range(runs)]
            figures += _told(f"{form.path}, mail {mail}", done, aim=ROOM)
    return figures


async def _prepare(folder: Path, port: int, names: Names) -> None:
    database = Database(engine="sqlite", path=folder / "postern.sqlite3")
    async with installation(database, folder) as made:
        await made.use_server(port)
        passwords = Passwords()
        hashed = await passwords.hash(PASSWORD)
        passwords.close()
        people = [(kind, name) for kind in names if kind != "unknown" for name in names[kind]]
        random.Random(1).shuffle(people)  # noqa: S311 - nothing secret
        async with transaction():
            await User.bulk_create([_person(kind, name, hashed) for kind, name in people])


def _person(kind: str, name: str, hashed: str) -> User:
    email = None if kind == "without an address" else f"{name}@example.org"
    state = "disabled" if kind == "disabled" else "active"
    now = utc_now()
    return User(
        username=name,
        username_key=name,
        email=email,
        email_key=email,
        state=state,
        password_hash=hashed,
        created_at=now,
    )


def _django_people(names: Names) -> Iterator[dict[str, Any]]:
    for kind in names:
        for name in names[kind] if kind != "unknown" else ():
            email = "" if kind == "without an address" else f"{name}@example.org"
            yield {"username": name, "email": email, "is_active": kind != "disabled", "password": PASSWORD}


def _run(url: str, form: Form, names: Names, number: int) -> tuple[Times, Times]:
    """How long the answers took, and the looks right after them; every name once."""
    answers: dict[str, list[float]] = {kind: [] for kind in names}
    looks: dict[str, list[float]] = {kind: [] for kind in names}
    dice = random.Random(number)  # noqa: S311 - nothing secret
    order = {kind: dice.sample(names[kind], len(names[kind])) for kind in names}
    with Caller(url) as caller:
        for turn in range(len(order["known"])):
            network = f"198.{18 + number % 2}.{turn // 250 % 256}.{turn % 250}"
            for kind in dice.sample(list(names), len(names)):
                fields = {form.field: order[kind][turn], **form.others}
                answers[kind].append(caller.post(form.path, fields, expect=form.status, network=network))
                looks[kind].append(caller.get(form.after))
    return answers, looks


def _told(what: str, runs: Sequence[tuple[Times, Times]], *, aim: float | None) -> list[Figure]:
    answers, looks = zip(*runs, strict=True)
    return [_farthest(f"{what}: the answer", answers, aim), _farthest(f"{what}: the request after it", looks, aim)]


def _farthest(what: str, runs: Sequence[Times], aim: float | None) -> Figure:
    """The two kinds that can be told apart best, by the mean of the runs."""
    areas = {
        (one, other): mean(area_under_curve(times[one], times[other]) for times in runs)
        for one, other in combinations(runs[0], 2)
    }
    (one, other), area = max(areas.items(), key=lambda each: abs(each[1] - 0.5))
    value = f"{area:.3f} ({one}, {other})"
    held = aim is None or abs(area - 0.5) <= aim
    return Figure(what, value, f"0.50 ± {aim}" if aim else "", held)


if __name__ == "__main__":
    tried(measure, *map(int, sys.argv[1:]))
