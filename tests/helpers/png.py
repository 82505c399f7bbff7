"""Write PNG files that Pillow does not write, or whose header does not fit the data."""

import struct
import zlib


def png(
    width: int, height: int, colour: int = 2, depth: int = 8, data: bytes | None = None
) -> bytes:
    """
    A PNG with this header.

    Args:
        colour: 0 grey, 2 RGB, 3 indexed, 6 RGB with transparency.
        depth: bits a channel.
        data: the compressed rows, a filter byte before each; None: some zeros.
    """

    def chunk(kind: bytes, content: bytes) -> bytes:
        checked = kind + content
        return struct.pack(">I", len(content)) + checked + struct.pack(">I", zlib.crc32(checked))

    header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)
    data = zlib.compress(bytes(1000)) if data is None else data
    chunks = chunk(b"IHDR", header), chunk(b"IDAT", data), chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)
