"""Pictures for tests: as much of each kind as its head."""

import struct
import zlib


def png(width: int = 120, height: int = 40) -> bytes:
    """A whole PNG, of one colour."""
    rows = b"".join(b"\x00" + b"\x20\x60\xa0" * width for _ in range(height))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
        for name, data in (
            (b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)),
            (b"IDAT", zlib.compress(rows)),
            (b"IEND", b""),
        )
    )


def gif(width: int = 120, height: int = 40) -> bytes:
    return b"GIF89a" + struct.pack("<HH", width, height) + b"\x00\x00\x00;"


def jpeg(width: int = 120, height: int = 40) -> bytes:
    """With a byte that fills, a marker without a length, and a table before the size."""
    table = b"\xff\xdb" + struct.pack(">H", 4) + b"\x00\x00"
    size = b"\xff\xc2" + struct.pack(">HBHHB", 11, 8, height, width, 1) + b"\x01\x11\x00"
    return b"\xff\xd8\xff" + b"\xff\x01" + table + size


def webp(width: int = 120, height: int = 40, kind: bytes = b"VP8X") -> bytes:
    data = {
        b"VP8X": b"\x00" * 4 + (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little"),
        b"VP8 ": b"\x00\x00\x00\x9d\x01\x2a" + struct.pack("<HH", width, height),
        b"VP8L": b"\x2f" + struct.pack("<I", (width - 1) | (height - 1) << 14),
    }[kind]
    chunk = kind + struct.pack("<I", len(data)) + data
    return b"RIFF" + struct.pack("<I", 4 + len(chunk)) + b"WEBP" + chunk
