"""
The images in a TIFF: find the one that is meant, and whether Pillow has a mode for it.

Pillow drops the low byte of 16-bit colours, takes signed bytes for unsigned ones, and opens the
first image of the file, which may be a small copy of the real one.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO, Any

from PIL.TiffImagePlugin import ImageFileDirectory_v2

from .refused_formats import RAW, Unreadable

WHITE_IS_ZERO, BLACK_IS_ZERO, RGB, CMYK, YCBCR, LAB = 0, 1, 2, 5, 6, 8
NUM_COLORS = {RGB: 3, CMYK: 4, YCBCR: 3, LAB: 3}
"""Photometric interpretation -> samples of a colour; the others have one."""

_OF_CAMERA = (32803, 34892)  # photometric: colour filter array, linear raw
_JPEG = (6, 7)
_DNG_VERSION, _SUB_IMAGES, _NO_DATA = 50706, 330, 42113
_ALPHA = (1, 2, 999)
_MOST_PAGES, _MOST_EXTRA = 1000, 3


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

    Unreadable if it is camera raw; ValueError if it is damaged.
    """
    head = read_at(file, 0, 16)
    head = head if b"+" in head[:4] else head[:8]  # BigTIFF has offsets of 64 bits
    pages = list(_chain(file, head))
    kept = [page for page in pages if not page.is_secondary]
    if pages and not kept:
        offsets = pages[0].tags.get(_SUB_IMAGES, ())[:_MOST_PAGES]
        inner = [Page(_directory(file, head, at)[0], pages[0].order, None) for at in offsets]
        kept = [page for page in inner if not page.is_secondary]
    shown = kept or pages[:1]
    if not shown:
        raise ValueError("TIFF without an image")
    if _DNG_VERSION in pages[0].tags or shown[0].photometric in _OF_CAMERA:
        raise Unreadable(RAW)
    return shown


def _chain(file: IO[bytes], head: bytes) -> Iterator[Page]:
    """The images in the order of the file; stops where a damaged file returns to an earlier one."""
    order = "<" if head[:1] == b"I" else ">"
    seen: set[int] = set()
    offset = int.from_bytes(head[8:] or head[4:], "little" if order == "<" else "big")
    while offset and offset not in seen and len(seen) < _MOST_PAGES:
        seen.add(offset)
        tags, offset = _directory(file, head, offset)
        # Pillow does not read 64-bit offsets of the order "MM".
        yield Page(tags, order, None if head[8:] and order == ">" else len(seen) - 1)


def _directory(file: IO[bytes], head: bytes, offset: int) -> tuple[dict[int, tuple[Any, ...]], int]:
    """The tags of an image, and the offset of the next image."""
    start = b"II+\0" if head[8:] else b"II*\0"  # of the order "MM", Pillow does not see 64 bits
    found = ImageFileDirectory_v2(start + head[4:], prefix=head[:2])
    found.next = -1  # stays if the file ends within the tags
    file.seek(offset)
    found.load(file)
    if found.next == -1:
        raise ValueError("the TIFF is truncated")
    tags = {
        tag: tuple(value) if isinstance(value, tuple | bytes) else (value,)  # bytes are numbers
        for tag, value in found.items()
    }
    return tags, found.next or 0


def read_at(file: IO[bytes], offset: int, size: int) -> bytes:
    """`size` bytes of a file; ValueError if it is shorter."""
    if offset + size > file.seek(0, 2):
        raise ValueError("the TIFF is truncated")
    file.seek(offset)
    return file.read(size)
