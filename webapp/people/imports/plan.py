"""Reading a file in the background, and foretelling each row's fate."""

import asyncio
import base64
import json
from collections import Counter
from collections.abc import AsyncIterator, Iterable, Iterator
from dataclasses import asdict, dataclass
from datetime import datetime
from itertools import islice
from typing import Any, Final

from webapp.audit.record import Actor
from webapp.clock import Clock
from webapp.crypto import hash_kinds
from webapp.crypto.vault import Vault
from webapp.db.connect import transaction
from webapp.db.insert_many import insert_many
from webapp.jobs.models import Job, JobChunk, JobRow, JobState
from webapp.jobs.progress import end
from webapp.jobs.told import told
from webapp.people.imports.decode import NAMES, Encoding, File, Record, read
from webapp.people.imports.fates import Fate, Judged, Seen, Wanted, judge, wanted
from webapp.principal import Role
from webapp.text import Message, message

KIND: Final = "import"
BATCH: Final = 1_000
MOST_BYTES: Final = 50 * 1024 * 1024
MOST_ROWS: Final = 500_000
_CHUNK: Final = 256 * 1024
_CHUNK_BINDING: Final = "chunk of an import"


@dataclass(frozen=True, slots=True)
class Options:
    """How a file is to be taken over."""

    encoding: Encoding = Encoding.AUTO
    must_change: bool = False
    """Whether those who come with a password have to choose another one."""
    invite: bool = False
    """Whether new people without a password are sent an invitation."""


async def begin(content: bytes, options: Options, *, vault: Vault, actor: Actor, language: str, now: datetime) -> int:
    """Keep a file, sealed, for the worker to read, and return the job's id."""
    pieces = [content[start : start + _CHUNK] for start in range(0, len(content), _CHUNK)]
    async with transaction():
        job = await Job.create(
            kind=KIND,
            state=JobState.READING,
            params=asdict(options),
            actor_id=actor.user_id,
            actor=actor.name[:200],
            network=actor.network,
            language=language,
            created_at=now,
        )
        for number, piece in enumerate(pieces):
            sealed = await asyncio.to_thread(vault.seal, base64.b64encode(piece).decode(), _CHUNK_BINDING)
            await JobChunk.create(job=job, number=number, sealed=sealed)
    return int(job.id)


async def foretell(
    job: Job, *, vault: Vault, clock: Clock, most: int = MOST_ROWS, batch: int = BATCH
) -> AsyncIterator[None]:
    """Read the job's file and write down what would become of each row. A reading that was interrupted begins anew."""
    content = await _content(job, vault)
    file = await asyncio.to_thread(read, content, Encoding(job.params["encoding"]))
    if isinstance(file, Message):
        await _fail(job, file, clock)
        return
    await JobRow.filter(job_id=job.id).delete()
    seen, counts, position = Seen(), Counter[str](), 0
    records = file.records
    while records_there := await asyncio.to_thread(lambda: list(islice(records, batch))):
        if position + len(records_there) > most:
            text = message("The file has more than %(rows)s rows. Split it.", rows=f"{most:,}")
            await _fail(job, text, clock)
            return
        judged = await _judged(records_there, seen, job.actor_id)
        counts.update(each.fate.value for each in judged)
        async with transaction():
            await insert_many(JobRow, list(_kept(job, judged, position)))
            position += len(judged)
            await Job.filter(id=job.id).update(total=position, counts=dict(counts))
        yield
    async with transaction():
        await JobChunk.filter(job_id=job.id).delete()
        notes = [told(text) for text in _notes(file)]
        await Job.filter(id=job.id, state=JobState.READING).update(state=JobState.READY, notes=notes)


async def _content(job: Job, vault: Vault) -> bytes:
    pieces = []
    async for chunk in JobChunk.filter(job_id=job.id).order_by("number"):
        opened = await asyncio.to_thread(vault.open, chunk.sealed, _CHUNK_BINDING)
        if not isinstance(opened, str):
            raise TypeError("a chunk of the file cannot be opened with the keys at hand")
        pieces.append(base64.b64decode(opened))
    return b"".join(pieces)


async def _judged(records: list[Record], seen: Seen, actor_id: int | None) -> list[Judged]:
    asked = await asyncio.to_thread(lambda: [(record, wanted(record, seen)) for record in records])
    fit = iter(await judge([each for _, each in asked if isinstance(each, Wanted)], actor_id=actor_id))
    return [
        next(fit)
        if isinstance(each, Wanted)
        else Judged(record.line, record.values.get("username", "")[:200], Fate.WRONG, each)
        for record, each in asked
    ]


def _kept(job: Job, judged: Iterable[Judged], before: int) -> Iterator[dict[str, Any]]:
    for position, each in enumerate(judged, before + 1):
        yield {
            "job_id": job.id,
            "position": position,
            "line": each.line,
            "name": _clean(each.name)[:200],
            "user_id": each.user.id if each.user else None,
            "fate": each.fate.value,
            "reason": told(each.reason),
            "data": packed(each.wanted) if each.wanted and each.fate in {Fate.NEW, Fate.CHANGED} else "",
        }


def packed(row: Wanted) -> str:
    """What a row asks for, as it is kept until it is done."""
    return json.dumps(row._asdict(), ensure_ascii=False)


def unpacked(kept: str) -> Wanted:
    """What a row asks for.

    Raises:
        ValueError: it holds a hash of no kind that is known, as a row that an earlier version has kept may.
    """
    wanted = Wanted(**json.loads(kept))
    if wanted.password_hash and hash_kinds.read(wanted.password_hash) is None:
        raise ValueError("a row of the file holds no hash that is known")
    return wanted._replace(role=Role(wanted.role)) if wanted.role else wanted


def _clean(text: str) -> str:
    """What every database keeps and every page can show."""
    return text.replace("\x00", "").encode("utf-8", "replace").decode()


def _notes(file: File) -> Iterator[Message]:
    yield message("Read as %(encoding)s.", encoding=NAMES[file.encoding])
    if file.unused:
        yield message("These columns are not used: %(names)s.", names=_clean(", ".join(file.unused))[:500])
    if "password_hash" in file.columns:
        yield message("A password is taken over for those who have none here yet; nobody's password is replaced.")


async def _fail(job: Job, why: Message, clock: Clock) -> None:
    await end(job, (JobState.READING,), JobState.FAILED, now=clock(), notes=[told(why)])
