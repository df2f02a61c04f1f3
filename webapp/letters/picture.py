"""What an image is, by its bytes: its type and its size, read from its head and never decoded."""

import struct
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

_JPEG_SIZES: Final = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
"""Markers of a JPEG that are followed by its size (ITU-T T.81, table B.1)."""
_JPEG_ALONE: Final = frozenset({0x01, *range(0xD0, 0xD9)})
"""Markers without a length."""


@dataclass(frozen=True, slots=True)
class Picture:
    """An image. ``media_type`` is image/png, image/jpeg, image/gif or image/webp; the size is in pixels."""

    media_type: str
    width: int
    height: int


@lru_cache(maxsize=4)
def measured(data: bytes) -> Picture | None:
    """What the image is; None if it is none of the four kinds, or its head is not whole."""
    for media_type, read in _READERS.items():
        try:
            size = read(data)
        except (struct.error, IndexError):
            size = None
        if size and min(size) > 0:
            return Picture(media_type, *size)
    return None


def _png(data: bytes) -> tuple[int, int] | None:
    if data[:8] != b"\x89PNG\r\n\x1a\n" or data[12:16] != b"IHDR":
        return None
    width, height = struct.unpack_from(">II", data, 16)
    return width, height


def _gif(data: bytes) -> tuple[int, int] | None:
    if data[:6] not in {b"GIF87a", b"GIF89a"}:
        return None
    width, height = struct.unpack_from("<HH", data, 6)
    return width, height


def _jpeg(data: bytes) -> tuple[int, int] | None:
    if data[:3] != b"\xff\xd8\xff":
        return None
    place = 2
    while data[place] == 0xFF:
        marker = data[place + 1]
        if marker == 0xFF:  # a byte that fills
            place += 1
        elif marker in _JPEG_ALONE:
            place += 2
        elif marker in _JPEG_SIZES:
            height, width = struct.unpack_from(">HH", data, place + 5)
            return width, height
        else:
            (length,) = struct.unpack_from(">H", data, place + 2)
            place += 2 + length
    return None


def _webp(data: bytes) -> tuple[int, int] | None:
    """The three ways of RFC 9649 to write a size: lossy, lossless and extended."""
    if data[:4] != b"RIFF" or data[8:12] != b"WEBP":
        return None
    match data[12:16]:
        case b"VP8 " if data[23:26] == b"\x9d\x01\x2a":
            width, height = struct.unpack_from("<HH", data, 26)
            return width & 0x3FFF, height & 0x3FFF
        case b"VP8L" if data[20] == 0x2F:
            (bits,) = struct.unpack_from("<I", data, 21)
            return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
        case b"VP8X":
            width, height = data[24:27], data[27:30]
            if len(height) < 3:
                return None
            return int.from_bytes(width, "little") + 1, int.from_bytes(height, "little") + 1
        case _:
            return None


_READERS: Final = {"image/png": _png, "image/jpeg": _jpeg, "image/gif": _gif, "image/webp": _webp}
