"""
Storybook, the drawn benchmark, with 36 classes.

Registers `freecp_storybook_val` and `freecp_storybook_dev`, and `freecp_storybook_wide_val` and
`freecp_storybook_wide_dev`, whose longer vocabulary adds classes that no page has.
"""

import functools
import io
import re
from collections.abc import Iterable
from typing import IO, Any, NamedTuple

import numpy as np
from iopath.common.file_io import PathHandler
from PIL import Image

from ...d2 import DatasetCatalog, MetadataCatalog, PathManager
from ..labels import IGNORE_LABEL

HEIGHT, WIDTH = 192, 256
_VOCABULARIES = ("storybook", "storybook_wide")
PREFIX = "storybook://"
_NAME = re.compile(rf"{PREFIX}(?P<split>\w+)/(?P<kind>images|labels)/(?P<number>[0-9]{{4}})\.png")


def register_storybook() -> None:
    """Register the four datasets and their files, which are drawn when they are opened."""
    from ...text import load_vocabulary  # here, so that either package may be imported first

    PathManager.register_handler(StorybookPathHandler(), allow_override=True)
    for vocabulary in _VOCABULARIES:
        class_names = list(load_vocabulary(vocabulary).class_names)
        for split in SPLITS:
            name = f"freecp_{vocabulary}_{split}"
            if name in DatasetCatalog.list():
                continue
            MetadataCatalog.get(name).set(
                stuff_classes=class_names,
                stuff_colors=stuff_colors(class_names),
                ignore_label=IGNORE_LABEL,
                evaluator_type="sem_seg",
                vocabulary=vocabulary,
                num_images=SPLITS[split].num_images,
            )
            DatasetCatalog.register(name, functools.partial(load_storybook, split))


def load_storybook(split: str) -> list[dict[str, Any]]:
    """
    List the pages of "val" or "dev": `file_name`, `sem_seg_file_name`, `height`, `width` and
    `image_id`. Label maps hold train ids, as Detectron2's own tools expect.

    Raises:
        ValueError: unknown `split`.
    """
    if split not in SPLITS:
        raise ValueError(f'Storybook has no split "{split}"; use {" or ".join(SPLITS)}.')
    return [
        {
            "file_name": page_name(split, "images", number),
            "sem_seg_file_name": page_name(split, "labels", number),
            "height": HEIGHT,
            "width": WIDTH,
            "image_id": number,
        }
        for number in range(SPLITS[split].num_images)
    ]


class Split(NamedTuple):
    """The pages of one part of the benchmark, drawn from consecutive seeds."""

    first_seed: int
    num_images: int


# Training draws from the seeds below 1,000,000.
SPLITS = {"val": Split(1_000_000, 150), "dev": Split(2_000_000, 150)}
"""`val` is reported; thresholds are chosen on `dev`."""


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


_COLORS = """
sky 150 200 245 / sea 20 80 150 / river 70 165 165 / grass 95 175 55 / field 205 175 70
hill 130 160 105 / forest 15 65 30 / mountain 140 137 145 / sand 225 205 150 / snow 245 248 255
road 80 80 88 / brick wall 180 95 75 / painted wall 235 215 190 / wooden floor 150 100 55
carpet 120 60 95 / tree 40 125 40 / palm tree 150 205 20 / house 240 130 100
lighthouse 225 30 40 / tent 240 160 30 / car 20 40 220 / bus 255 215 0 / sailboat 0 190 220
sun 255 240 90 / moon 190 190 215 / cloud 215 230 235 / balloon 255 90 170 / sheep 215 190 225
cow 105 60 25 / flower 230 60 230 / mushroom 200 60 90 / fence 245 225 225 / umbrella 130 30 190
table 190 130 50 / chair 165 70 20 / lamp 255 255 170
lake 85 130 190 / stone wall 110 125 125 / tile floor 165 175 180 / gravel 120 105 80
bush 65 150 90 / skyscraper 70 100 130 / ship 100 20 45 / train 30 130 110 / fish 255 115 50
bird 65 25 90 / ball 0 240 120 / star 215 235 0 / crate 160 120 80 / clock 190 165 190
snowman 190 215 200 / kite 90 90 255 / pig 255 170 185 / rocket 200 20 150

water 0 120 215 / wall 200 160 130 / floor 75 45 5 / plant 110 255 60 / building 190 90 130
vehicle 80 20 200 / boat 20 230 255 / animal 140 85 80 / furniture 215 95 20
pond 130 220 100 / masonry 95 100 115 / tiles 245 215 115 / pebbles 170 160 30 / shrub 0 90 70
office tower 45 45 50 / steamer 160 50 70 / locomotive 60 90 0 / goldfish 255 165 90
songbird 100 60 140 / beach ball 120 255 190 / golden star 240 250 110 / wooden box 120 90 30
wall clock 160 130 200 / snow figure 160 250 250 / paper kite 150 120 255 / piglet 220 120 220
space rocket 250 70 60
"""


def _read() -> dict[str, tuple[int, int, int]]:
    rows = [entry.rsplit(maxsplit=3) for line in _COLORS.split("\n") for entry in line.split(" / ")]
    return {row[0]: (int(row[1]), int(row[2]), int(row[3])) for row in rows if row}


_TABLE = _read()


def stuff_colors(names: Iterable[str]) -> list[tuple[int, int, int]]:
    """A colour of Storybook's classes, (red, green, blue), for each name."""
    return [_TABLE[name] for name in names]
