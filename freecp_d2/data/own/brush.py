"""The run lengths of Label Studio's brush strokes."""

import numpy as np


def decode_brush(content: bytes, height: int, width: int) -> np.ndarray:
    """
    Decode a brush stroke.

    The format is a stream of bits: 32 bits, the number of values; 5 bits, the bits of a value
    minus one; 4 times 4 bits, the bits of four kinds of lengths minus one. Then runs: 1 bit,
    whether the run repeats one value; 2 bits, the kind of its length; the length minus one; the
    values. These are RGBA pixels, row by row; alpha tells where the stroke is.

    Returns:
        ndarray: bool (H, W).

    Raises:
        ValueError: the stream is incomplete, or of another image size.
    """
    bits = np.unpackbits(np.frombuffer(content, np.uint8))
    at = 0

    def read(count: int) -> int:
        nonlocal at
        at += count
        if at > len(bits):
            raise ValueError("is incomplete; export it again.")
        return int("".join(map(str, bits[at - count : at].tolist())), 2)

    number = read(32)
    if number != 4 * height * width:
        raise ValueError(f"has {number // 4} pixels, expected {height * width} ({width}x{height}).")
    size = read(5) + 1
    lengths = [read(4) + 1 for _ in range(4)]
    values = np.zeros(number, np.uint8)
    done = 0
    while done < number:
        repeats, length = read(1), lengths[read(2)]
        end = done + read(length) + 1
        if end > number:
            raise ValueError("has runs beyond its last pixel; export it again.")
        if repeats:
            values[done:end] = read(size)
        else:
            weights = 1 << np.arange(size)[::-1]
            block = bits[at : at + size * (end - done)]
            if len(block) < size * (end - done):
                raise ValueError("is incomplete; export it again.")
            at += len(block)
            values[done:end] = block.reshape(-1, size) @ weights
        done = end
    return values.reshape(height, width, 4)[..., 3] > 0


def encode_brush(mask: np.ndarray) -> bytes:
    """The brush stroke of a mask, bool (H, W); `decode_brush` has the format."""
    flat = np.asarray(mask, dtype=bool).ravel()
    starts = np.flatnonzero(np.diff(flat, prepend=~flat[:1]))
    lengths = 4 * np.diff(starts, append=len(flat))
    sizes = (4, 8, 16, 16)
    parts = [f"{4 * len(flat):032b}", f"{7:05b}", *(f"{size - 1:04b}" for size in sizes)]
    for value, length in zip(flat[starts].tolist(), lengths.tolist(), strict=True):
        for done in range(0, length, 1 << 16):
            rest = min(1 << 16, length - done) - 1
            kind = 0 if rest < 1 << 4 else 1 if rest < 1 << 8 else 2
            parts.append(f"1{kind:02b}{rest:0{sizes[kind]}b}{255 * value:08b}")
    bits = "".join(parts)
    bits += "0" * (-len(bits) % 8)
    return int(bits, 2).to_bytes(len(bits) // 8, "big")
