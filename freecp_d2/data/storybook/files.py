"""
The pages of the Storybook benchmark as files that are drawn when they are opened.

`storybook://val/images/0007.png` is an image, `storybook://val/labels/0007.png` its label map, for
code that opens files through `PathManager`, as Detectron2 does. No file is on disk.
"""

import functools
import io
import re
from typing import IO, Any, NamedTuple

import numpy as np
from iopath.common.file_io import PathHandler
from PIL import Image

from ...d2 import PathManager

PREFIX = "storybook://"


class Split(NamedTuple):
    """The pages of one part of the benchmark, drawn from consecutive seeds."""

    first_seed: int
    num_images: int


# Training draws from the seeds below 1,000,000.
SPLITS = {"val": Split(1_000_000, 150), "dev": Split(2_000_000, 150)}
"""`val` is reported; thresholds are chosen on `dev`."""

_NAME = re.compile(rf"{PREFIX}(?P<split>\w+)/(?P<kind>images|labels)/(?P<number>[0-9]{{4}})\.png")


def page_name(split: str, kind: str, number: int) -> str:
    """The name of a page: `kind` is "images" or "labels"."""
    return f"{PREFIX}{split}/{kind}/{number:04d}.png"


class StorybookPathHandler(PathHandler):
    """Draws a file when it is opened; read-only."""

    def _get_supported_prefixes(self) -> list[str]:
        return [PREFIX]

    def _open(
        self, path: str, mode: str = "r", buffering: int = -1, **kwargs: Any
    ) -> IO[str] | IO[bytes]:
        """
        Raises:
            FileNotFoundError: no page has this name.
            ValueError: a mode other than "rb".
        """
        self._check_kwargs(kwargs)
        page = _parse(path)
        if page is None:
            splits = ", ".join(
                f"{name} (0000 to {s.num_images - 1:04d})" for name, s in SPLITS.items()
            )
            raise FileNotFoundError(
                f"{path} is no page of Storybook; expected {page_name('<split>', 'images', 0)} or "
                f"{page_name('<split>', 'labels', 0)} with one of the splits {splits}."
            )
        if mode != "rb":
            raise ValueError(f'{path}: opened with mode "{mode}"; pages are drawn, use "rb".')
        seed, kind = page
        return io.BytesIO(_draw_png_files(seed)[kind])

    def _exists(self, path: str, **kwargs: Any) -> bool:
        self._check_kwargs(kwargs)
        return _parse(path) is not None

    def _isfile(self, path: str, **kwargs: Any) -> bool:
        return self._exists(path, **kwargs)


def register_storybook_files() -> None:
    """Let `PathManager` open `storybook://`; repeated calls have no effect."""
    PathManager.register_handler(StorybookPathHandler(), allow_override=True)


def _parse(path: str) -> tuple[int, str] | None:
    """(seed, "images" or "labels") of a page's name; None for other names."""
    match = _NAME.fullmatch(path)
    if match is None or match["split"] not in SPLITS:
        return None
    split, number = SPLITS[match["split"]], int(match["number"])
    return (split.first_seed + number, match["kind"]) if number < split.num_images else None


@functools.lru_cache(maxsize=16)  # the image and the labels of a page are opened several times
def _draw_png_files(seed: int) -> dict[str, bytes]:
    from . import draw_scene  # here, for those who never open a page

    scene = draw_scene(seed)
    return {"images": _png(scene.image), "labels": _png(scene.labels)}


def _png(array: np.ndarray) -> bytes:
    """A PNG of an image (H, W, 3) or of a label map (H, W), uint8."""
    file = io.BytesIO()
    Image.fromarray(array).save(file, format="PNG", compress_level=1)
    return file.getvalue()
