"""Reading answers as servers write them, and as they should not."""

import asyncio

import pytest

from webapp.attack.http import LONGEST_ANSWER, _read

OK = b"HTTP/1.1 200 OK\r\n"


async def read(sent: bytes, *, bodiless: bool = False) -> tuple[int, bytes]:
    reader = asyncio.StreamReader(limit=LONGEST_ANSWER)
    reader.feed_data(sent)
    reader.feed_eof()
    status, _, body = await _read(reader, bodiless=bodiless)
    return status, body


@pytest.mark.parametrize(
    ("sent", "read_as"),
    [
        (OK + b"Content-Length: 5\r\n\r\nhello, and more", (200, b"hello")),
        (OK + b"Transfer-Encoding: chunked\r\n\r\n3;x=y\r\nhel\r\n2\r\nlo\r\n0\r\n\r\n", (200, b"hello")),
        (OK + b"\r\nto the end", (200, b"to the end")),
        (b"HTTP/1.1 100 Continue\r\n\r\n" + OK + b"Content-Length: 2\r\n\r\nok", (200, b"ok")),
        (b"HTTP/1.1 204 No Content\r\n\r\nnothing", (204, b"")),
        (b"HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n", (304, b"")),
    ],
)
async def test_a_body_of_every_kind_is_read(sent: bytes, read_as: tuple[int, bytes]) -> None:
    assert await read(sent) == read_as


async def test_the_answer_to_head_has_no_body() -> None:
    assert await read(OK + b"Content-Length: 5\r\n\r\n", bodiless=True) == (200, b"")


async def test_a_body_without_end_is_read_so_far_and_no_further() -> None:
    chunk = b"10000\r\n" + bytes(0x10000) + b"\r\n"
    _, body = await read(OK + b"Transfer-Encoding: chunked\r\n\r\n" + chunk * (LONGEST_ANSWER // 0x10000 + 2))
    assert LONGEST_ANSWER <= len(body) < LONGEST_ANSWER + 0x10000


@pytest.mark.parametrize("head", [b"220 mail.example.org ESMTP", b"HTTP/1.1 000 Nothing", b"HTTP/1.1 600 More"])
async def test_what_is_no_answer_is_none(head: bytes) -> None:
    with pytest.raises(ValueError, match="not an answer in HTTP"):
        await read(head + b"\r\n\r\n")
