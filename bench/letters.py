"""Letters per second, accepted and written down, beside a bare loop and beside Django's send_mail.

Ours is the worker of a real installation: it claims, looks up whom a letter is for, mints the link, fills the letter,
hands it over, and commits what came of it. The others do nothing but build the same letter and send it.
"""

import asyncio
import subprocess
import sys
import time
from collections.abc import Sequence
from email.message import EmailMessage
from itertools import count
from pathlib import Path
from statistics import median
from typing import Final

import aiosmtplib

from bench.django_mail import FOLDER as DJANGO
from bench.figures import Figure
from bench.installation import Installation, installation, postgres
from bench.letter_sink import SMTP_SINK, letter_sink
from tests.letters.test_compose import CONTEXTS
from webapp.crew import create_worker
from webapp.db.connect import Database
from webapp.letters.brand import PLAIN
from webapp.letters.prepare import prepared
from webapp.logs import configure

SESSIONS: Final = 4
ROUNDS: Final = 5
LETTERS: Final = 1_500
FEW: Final = 300
"""Of those that take longer for each."""
FAR_SECONDS: Final = 0.02
OVER_BARE: Final = 1.5
OVER_DJANGO: Final = 3.0
SENDER: Final = "no-reply@example.org"


def measure(folder: Path) -> list[Figure]:
    """On both databases, against a server that answers at once and one that is far away."""
    configure("warning", "console")
    figures: list[Figure] = []
    with postgres(folder) as server, letter_sink(folder) as near, letter_sink(folder, FAR_SECONDS) as far:
        for name, database in (
            ("SQLite", Database(engine="sqlite", path=folder / "letters.sqlite3")),
            ("PostgreSQL", server),
        ):
            figures += asyncio.run(_measure(name, database, folder, near, far))
    sink = "Postfix's smtp-sink" if SMTP_SINK else "a sink in Python"
    return [*figures, Figure("The mail server that answers at once", sink, "")]


async def _measure(name: str, database: Database, folder: Path, near: int, far: int) -> list[Figure]:
    async with installation(database, folder, smtp_sessions=SESSIONS) as made:
        await made.people(LETTERS)
        await made.use_server(near)
        ours, bare, django = [], [], []
        for _ in range(ROUNDS):
            ours.append(await _ours(made))
            bare.append(await _bare(near, FEW * 2))
            django.append(await _django(near, FEW))
        await made.use_server(far)
        far_ours = await _ours(made, FEW * 2)
        far_django = await _django(far, FEW // 6)
    figures = [Figure(f"{name}: ours", _rates(ours), "")]
    figures.append(
        Figure(f"{name}: a bare loop, EmailMessage and aiosmtplib, {SESSIONS} connections", _rates(bare), "")
    )
    figures.append(_times(f"{name}: ours beside the bare loop", ours, bare, OVER_BARE))
    if not django[0]:
        return [*figures, Figure("Django's send_mail", "not measured: Django is not installed (make bench does)", "")]
    figures.append(Figure(f"{name}: Django's send_mail", _rates(django), ""))
    figures.append(_times(f"{name}: ours beside send_mail", ours, django, OVER_DJANGO))
    milliseconds = round(FAR_SECONDS * 1_000)
    what = f"{name}: ours beside send_mail, a server that takes {milliseconds} ms for each answer"
    return [*figures, _times(what, [far_ours], [far_django], OVER_DJANGO)]


def _rates(rates: Sequence[float]) -> str:
    return f"{median(rates):.0f} letters a second ({min(rates):.0f} to {max(rates):.0f})"


def _times(what: str, ours: Sequence[float], theirs: Sequence[float], aim: float) -> Figure:
    ratio = median(ours) / median(theirs)
    value = f"{ratio:.1f} times ({median(ours):.0f} to {median(theirs):.0f} letters a second)"
    return Figure(what, value, f"at least {aim}", held=ratio >= aim)


async def _ours(made: Installation, most: int | None = None) -> float:
    letters = await made.letters(most)
    worker = create_worker(made.kit).worker
    begun = time.perf_counter()
    taken = await worker.once()
    seconds = time.perf_counter() - begun
    await worker.aclose()
    if taken != letters:
        raise RuntimeError(f"{taken} of {letters} letters were taken")
    return letters / seconds


async def _bare(port: int, letters: int) -> float:
    """Each connection sends one letter after the other; text and HTML are there already."""
    left = iter(range(letters))

    async def send(client: aiosmtplib.SMTP) -> None:
        for number in left:
            await client.send_message(_built(number))

    clients = [
        aiosmtplib.SMTP(hostname="127.0.0.1", port=port, use_tls=False, start_tls=False) for _ in range(SESSIONS)
    ]
    await asyncio.gather(*(client.connect() for client in clients))
    begun = time.perf_counter()
    await asyncio.gather(*(send(client) for client in clients))
    seconds = time.perf_counter() - begun
    await asyncio.gather(*(client.quit() for client in clients))
    return letters / seconds


_numbers: Final = count()
_CONTEXT: Final = CONTEXTS["reset_link"]


def words() -> tuple[str, str, str]:
    """Subject, text and HTML of the letter that all of them send."""
    letter = prepared("reset_link", "en", PLAIN, _CONTEXT)
    return letter.subject(_CONTEXT), letter.text(_CONTEXT), letter.html(_CONTEXT)


def _built(number: int) -> EmailMessage:
    subject, text, html = words()
    letter = EmailMessage()
    letter["From"], letter["To"], letter["Subject"] = SENDER, f"user{number}@example.org", subject
    letter["Message-ID"] = f"<{next(_numbers)}@example.org>"
    letter.set_content(text)
    letter.add_alternative(html, subtype="html")
    return letter


async def _django(port: int, letters: int) -> float:
    """In a process of its own, which has Django; 0 if there is none. Building and sending alone are counted."""
    if not DJANGO.is_dir():
        return 0.0
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "bench.django_mail", str(port), str(letters)),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    out, _ = await process.communicate("\0".join(words()).encode())
    if process.returncode:
        raise RuntimeError("send_mail failed")
    return letters / float(out)
