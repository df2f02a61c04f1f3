"""Floods of forms: refused, and the memory stays as it was."""

import asyncio
import contextlib
import resource
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import urlencode, urlsplit

import httpx2
import pytest

from tests.served import Served
from webapp.recovery.models import RecoveryRequest
from webapp.routes import FORM_BYTES
from webapp.web.forms import MAX_FIELDS, MAX_LENGTH

FORMS = ("/sign-in", "/password-reset", "/setup", "/password-reset/new", "/invitations/new")
OURS = {"Sec-Fetch-Site": "same-origin"}
URLENCODED = {**OURS, "Content-Type": "application/x-www-form-urlencoded"}
MULTIPART = {**OURS, "Content-Type": "multipart/form-data; boundary=x"}
MEBIBYTE = 1024 * 1024


def part(name: str, more: str = "") -> bytes:
    return f'--x\r\nContent-Disposition: form-data; name="{name}"{more}\r\n\r\nx\r\n'.encode()


BODIES = {
    "as long as may be, and one more": (URLENCODED, b"identifier=" + b"a" * FORM_BYTES),
    "many fields": (URLENCODED, urlencode([(f"f{n}", "x") for n in range(MAX_FIELDS * 20)]).encode()),
    "one long field": (URLENCODED, b"identifier=" + b"a" * (MAX_LENGTH + 1)),
    "many ampersands": (URLENCODED, b"&" * 400_000),
    "many parts": (MULTIPART, b"".join(part(f"f{n}") for n in range(2_000)) + b"--x--\r\n"),
    "many files": (MULTIPART, b"".join(part("identifier", '; filename="a"') for _ in range(2_000)) + b"--x--\r\n"),
    "a long part without a file name": (MULTIPART, part("identifier")[:-3] + b"a" * 400_000 + b"\r\n--x--\r\n"),
    "a long header of a part": (MULTIPART, part("i" * 400_000) + b"--x--\r\n"),
    "no end": (MULTIPART, part("identifier") * 50),
    "no boundary": ({**OURS, "Content-Type": "multipart/form-data"}, part("identifier")),
    "a long boundary": ({**OURS, "Content-Type": f"multipart/form-data; boundary={'b' * 5_000}"}, b"--b"),
    "compressed": ({**URLENCODED, "Content-Encoding": "gzip"}, b"\x1f\x8b" + b"\x00" * 1_000),
}


@pytest.mark.parametrize("path", FORMS)
async def test_a_form_that_is_too_much_is_refused(site: Served, path: str) -> None:
    browser = site.browser()
    for kind, (headers, body) in BODIES.items():
        answer = await browser.client.post(path, content=body, headers=headers)
        assert 400 <= answer.status_code < 500, kind
    assert not await RecoveryRequest.exists()


async def unending(mebibytes: int) -> AsyncIterator[bytes]:
    yield b"identifier="
    for _ in range(mebibytes * 16):
        yield b"a" * (MEBIBYTE // 16)


async def test_a_body_without_an_announced_length_is_cut_off(site: Served) -> None:
    port = urlsplit(site.url).port
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    head = "POST /password-reset HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n"
    head += "".join(f"{name}: {value}\r\n" for name, value in URLENCODED.items())
    writer.write(head.encode() + b"\r\n")
    sent = 0
    try:
        async for piece in unending(64):
            writer.write(b"%x\r\n%s\r\n" % (len(piece), piece))
            await writer.drain()
            sent += len(piece)
            if reader.at_eof() or len(getattr(reader, "_buffer", b"")):
                break
        answer = await asyncio.wait_for(reader.read(12), 10)
    except OSError:
        answer = b""  # the server went away from what it had refused
    writer.close()
    assert answer in {b"", b"HTTP/1.1 400", b"HTTP/1.1 413"}
    assert sent < 16 * MEBIBYTE


def resident() -> int:
    """Bytes of memory that this process has, the server included."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()


async def test_memory_is_flat_under_a_flood(site: Served) -> None:
    browser = site.browser()

    async def flood(times: int) -> None:
        for _ in range(times):
            for headers, body in BODIES.values():
                # The server may go away from what it has refused before that was sent whole.
                with contextlib.suppress(httpx2.TransportError):
                    await browser.client.post("/password-reset", content=body, headers=headers)

    await flood(2)
    before = resident()
    await asyncio.gather(*(flood(1) for _ in range(8)))
    assert resident() - before < 32 * MEBIBYTE
