"""Uncompressed TIFFs of layouts that Pillow does not write."""

import struct

import numpy as np


def tiff(*images, order="<"):
    """A file of pairs: values (H, W) or (H, W, C), and tags. With 284: 2 each band is a strip."""
    content = struct.pack(f"{order}2sHI", b"II" if order == "<" else b"MM", 42, 8)
    for index, (values, tags) in enumerate(images):
        stored = values.astype(values.dtype.newbyteorder(order))
        strips = [stored]
        if tags.get(284) == 2:
            strips = np.moveaxis(stored, 2, 0)
        data = b"".join(strip.tobytes() for strip in strips)
        samples = 1 if values.ndim == 2 else values.shape[2]
        kind = {"u": 1, "i": 2, "f": 3}[values.dtype.kind]
        entries = {256: values.shape[1], 257: values.shape[0], 258: 8 * values.dtype.itemsize}
        entries |= {259: 1, 262: 1, 277: samples, 278: values.shape[0], 339: kind}
        entries |= tags
        table = len(content) + 2 + 12 * (len(entries) + 2) + 4
        number, size = len(strips), len(data) // len(strips)
        start = table + 8 * number
        offsets = [start + size * strip for strip in range(number)]
        arrays = struct.pack(f"{order}{2 * number}I", *offsets, *[size] * number)
        places = (table, table + 4 * number) if number > 1 else (start, size)
        following = start + len(data) if index + 1 < len(images) else 0
        content += struct.pack(f"{order}H", len(entries) + 2)
        for tag, value in sorted((entries | dict(zip((273, 279), places, strict=True))).items()):
            count = number if tag in (273, 279) else 1
            if isinstance(value, bytes):  # of one number
                content += struct.pack(f"{order}HHI", tag, 1, 1) + value.ljust(4, b"\0")
            else:
                content += struct.pack(f"{order}HHII", tag, 4, count, value)
        content += struct.pack(f"{order}I", following) + arrays + data
    return content
