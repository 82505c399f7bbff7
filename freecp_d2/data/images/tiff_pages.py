"""
The images in a TIFF: find the one that is meant, and whether Pillow has a mode for it.

Pillow drops the low byte of 16-bit colours, takes signed bytes for unsigned ones, and opens the
first image of the file, which may be a small copy of the real one.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO, Any

from .refused_formats import RAW, TIFF_STARTS, Unreadable

WHITE_IS_ZERO, BLACK_IS_ZERO, RGB, CMYK, YCBCR, LAB = 0, 1, 2, 5, 6, 8
NUM_COLORS = {RGB: 3, CMYK: 4, YCBCR: 3, LAB: 3}
"""Photometric interpretation -> samples of a colour; the others have one."""

_OF_CAMERA = (32803, 34892)  # photometric: colour filter array, linear raw
_JPEG = (6, 7)
_DNG_VERSION, _SUB_IMAGES, _NO_DATA = 50706, 330, 42113
_ALPHA = (1, 2, 999)
_MOST_PAGES, _MOST_EXTRA = 1000, 3
_TYPES = {1: "B", 3: "H", 4: "I", 6: "b", 8: "h", 9: "i", 13: "I", 16: "Q", 17: "q", 18: "Q"}
_ASCII = 2


@dataclass(frozen=True)
class Page:
    """One image of a TIFF; `number` counts from 0, and is None if Pillow cannot go to it."""

    tags: dict[int, tuple[Any, ...]]
    order: str  # of bytes, "<" or ">"
    number: int | None

    def one(self, tag: int, default: int | None = None) -> int:
        """The first value of a tag."""
        if tag in self.tags:
            return int(self.tags[tag][0])
        if default is None:
            raise ValueError(f"TIFF tag {tag} is missing")
        return default

    @property
    def size(self) -> tuple[int, int]:
        """(H, W)"""
        return self.one(257), self.one(256)

    @property
    def num_samples(self) -> int:
        return self.one(277, 1)

    @property
    def photometric(self) -> int:
        return self.one(262, BLACK_IS_ZERO)

    @property
    def bits(self) -> int:
        """How many bits store the largest sample."""
        return max(self.tags.get(258, (1,)))

    @property
    def sample_format(self) -> int:
        """1: unsigned, 2: signed, 3: float."""
        return {4: 1}.get(self.one(339, 1), self.one(339, 1))

    @property
    def is_planar(self) -> bool:
        return self.num_samples > 1 and self.one(284, 1) == 2

    @property
    def is_secondary(self) -> bool:
        """A smaller copy of another image, or a mask."""
        return bool(self.one(254, 0) & 5) or self.one(255, 1) == 2

    @property
    def missing(self) -> float | None:
        """The value of pixels without data, which GDAL declares as text."""
        try:
            return float(self.tags[_NO_DATA][0])
        except (KeyError, ValueError):
            return None

    @property
    def described(self) -> str:
        kind = {2: "signed values of ", 3: "floats of "}.get(self.sample_format, "")
        number = self.num_samples
        return f"{number} band{'s' * (number != 1)} of {kind}{self.bits} bits"

    @property
    def num_extra(self) -> int:
        """Samples that are no colour."""
        return self.num_samples - NUM_COLORS.get(self.photometric, 1)

    @property
    def is_readable_by_pillow(self) -> bool:
        """Whether Pillow has a mode with all colours of the image, and all their bits."""
        if self.photometric == YCBCR and self.one(259, 1) not in _JPEG:
            return False
        if self.photometric in (WHITE_IS_ZERO, BLACK_IS_ZERO) and self.num_extra:
            return False
        return self.bits <= 8 and self.sample_format == 1 and self.num_extra <= _MOST_EXTRA

    def colors(self) -> tuple[int, ...]:
        """The bands that are shown if none are chosen, from 1; Unreadable if the file is silent."""
        number = NUM_COLORS.get(self.photometric, 1)
        extra = self.tags.get(338, ())
        if self.photometric in (WHITE_IS_ZERO, BLACK_IS_ZERO) and self.num_samples > 1:
            if self.num_samples > 2 or not extra or extra[0] not in _ALPHA:
                raise Unreadable(
                    f"it has {self.described}, and does not say which are its colours; choose "
                    "three as red, green and blue, or one: --bands 3,2,1, INPUT.BANDS in a config"
                )
        elif self.photometric not in (WHITE_IS_ZERO, BLACK_IS_ZERO, RGB, CMYK):
            raise Unreadable(
                f"it has {self.described} and colours of kind {self.photometric} of TIFF, which "
                "are not supported; export it as RGB"
            )
        return tuple(range(1, number + 1))


def find_pages(file: IO[bytes]) -> list[Page]:
    """
    The images of a TIFF, without smaller copies and masks unless there is nothing else.

    Unreadable if it is camera raw; ValueError or struct.error if it is damaged.
    """
    pages = list(_chain(file))
    kept = [page for page in pages if not page.is_secondary]
    if pages and not kept:
        order, is_big = _head(file)
        offsets = pages[0].tags.get(_SUB_IMAGES, ())[:_MOST_PAGES]
        inner = [Page(_directory(file, order, is_big, at)[0], order, None) for at in offsets]
        kept = [page for page in inner if not page.is_secondary]
    shown = kept or pages[:1]
    if not shown:
        raise ValueError("TIFF without an image")
    if _DNG_VERSION in pages[0].tags or shown[0].photometric in _OF_CAMERA:
        raise Unreadable(RAW)
    return shown


def _chain(file: IO[bytes]) -> Iterator[Page]:
    """The images in the order of the file; stops where a damaged file returns to an earlier one."""
    order, is_big = _head(file)
    width = 8 if is_big else 4
    (offset,) = struct.unpack(f"{order}{'Q' if is_big else 'I'}", read_at(file, width, width))
    seen: set[int] = set()
    while offset and offset not in seen and len(seen) < _MOST_PAGES:
        seen.add(offset)
        tags, offset = _directory(file, order, is_big, offset)
        # Pillow does not read 64-bit offsets of the order "MM".
        yield Page(tags, order, None if is_big and order == ">" else len(seen) - 1)


def _head(file: IO[bytes]) -> tuple[str, bool]:
    """The order of bytes, and whether offsets have 64 bits."""
    start = read_at(file, 0, 4)
    if start not in TIFF_STARTS:
        raise ValueError("not a TIFF")
    return "<" if start[:1] == b"I" else ">", b"+" in start


def _directory(
    file: IO[bytes], order: str, is_big: bool, offset: int
) -> tuple[dict[int, tuple[Any, ...]], int]:
    """The tags of an image with whole numbers or text, and the offset of the next image."""
    head, entry, place, width = ("Q", "HHQ", "Q", 8) if is_big else ("H", "HHI", "I", 4)
    length = struct.calcsize(f"{order}{head}")
    (number,) = struct.unpack(f"{order}{head}", read_at(file, offset, length))
    step = struct.calcsize(f"{order}{entry}") + width
    content = read_at(file, offset + length, number * step + width)
    tags: dict[int, tuple[Any, ...]] = {}
    for start in range(0, number * step, step):
        tag, kind, count = struct.unpack_from(f"{order}{entry}", content, start)
        code = "s" if kind == _ASCII else _TYPES.get(kind)
        if code is None or not count:
            continue
        size = count * struct.calcsize(code)
        value = content[start + step - width : start + step]
        if size > width:
            value = read_at(file, struct.unpack(f"{order}{place}", value)[0], size)
        tags[tag] = struct.unpack(f"{order}{count}{code}", value[:size])
        if code == "s":
            tags[tag] = (tags[tag][0].rstrip(b"\0 ").decode("latin-1"),)
    return tags, struct.unpack_from(f"{order}{place}", content, number * step)[0]


def read_at(file: IO[bytes], offset: int, size: int) -> bytes:
    """`size` bytes of a file; ValueError if it is shorter."""
    if offset + size > file.seek(0, 2):
        raise ValueError("the TIFF is truncated")
    file.seek(offset)
    return file.read(size)
