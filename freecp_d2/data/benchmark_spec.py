"""The types of the benchmark table, and the label values that published annotations use."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from .labels import LabelEncoding

_NAMES_DIR = Path(__file__).resolve().parents[1] / "text" / "resources" / "class_names"
_SCRIPTS = {
    "context60": "prepare_pascal_context",
    "context59": "prepare_pascal_context",
    "coco_object": "prepare_coco_object",
    "coco_stuff": "prepare_coco_stuff",
    "cityscapes": "prepare_cityscapes",
}

_NOT_IN_COCO = (11, 25, 28, 29, 44, 65, 67, 68, 70, 82, 90)
COCO_STUFF_IDS = tuple(value for value in range(182) if value not in _NOT_IN_COCO)
"""171 values of COCO-Stuff's `stuffthingmaps` (COCO's category id minus one): 80 things, 91 stuff.
COCO never annotated the eleven categories that are left out."""

COCO_THING_IDS = COCO_STUFF_IDS[:80]
"""The 80 things of COCO-Object."""

PASCAL_CONTEXT_IDS = (
    *(2, 9, 18, 19, 22, 23, 25, 31, 33, 34, 44, 45, 46, 59, 65, 68, 72, 80, 85, 98, 104, 105, 113),
    *(115, 144, 158, 159, 162, 187, 189, 207, 220, 232, 258, 259, 260, 284, 295, 296, 308, 324),
    *(326, 347, 349, 354, 355, 360, 366, 368, 397, 415, 416, 420, 424, 427, 440, 445, 454, 458),
)
"""59 category ids of Pascal Context's 459, in ascending order."""

CITYSCAPES_IDS = (7, 8, 11, 12, 13, 17, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 31, 32, 33)
"""19 values of Cityscapes' `labelIds`; the others of 0..33 are not scored."""


@dataclass(frozen=True)
class Folder:
    """The files of a folder below the root of all datasets."""

    path: str
    suffix: str

    def __str__(self) -> str:
        return f"{self.path}/*{self.suffix}"


@dataclass(frozen=True)
class LabelFolder(Folder):
    """
    The label files of a folder: those whose names (paths without suffix) are in the lines of
    `split_file`, a path below the root, or all.
    """

    encoding: LabelEncoding
    split_file: str = ""

    def __str__(self) -> str:
        listed = f"; those named in {self.split_file}" if self.split_file else ""
        return f"{super().__str__()} ({self.encoding}){listed}"


@dataclass(frozen=True)
class Benchmark:
    """
    One row of the table.

    Args:
        key: also the name of its vocabulary in `text/resources/vocabularies`.
        num_images: the official number; any other is a warning, so that a subset works.
        names: a list in `text/resources/class_names`, the names of the classes in results.
        images, labels: candidate folders; the first that has files is used.
        background: class 0 is "background", which neither list contains.
    """

    key: str
    num_images: int
    names: str
    images: tuple[Folder, ...]
    labels: tuple[LabelFolder, ...]
    background: bool = False

    def __post_init__(self) -> None:
        for folder in self.labels:
            if len(folder.encoding.ids) != self.num_classes:
                raise ValueError(
                    f"{self.key}: {folder} encodes {len(folder.encoding.ids)} classes, expected "
                    f"{self.num_classes}."
                )

    @property
    def num_classes(self) -> int:
        """K, the number of scored classes."""
        return len(self.labels[0].encoding.ids)

    @property
    def name(self) -> str:
        """The name in Detectron2's catalogs; the prefix avoids Detectron2's own names."""
        return f"freecp_{self.key}_val"

    @cached_property
    def class_names(self) -> tuple[str, ...]:
        """The dataset's own names of the K classes, in label order."""
        lines = (_NAMES_DIR / f"{self.names}.txt").read_text(encoding="utf-8").splitlines()
        names = ("background",) * self.background + tuple(line for line in lines if line)
        if len(names) != self.num_classes:
            raise ValueError(
                f"text/resources/class_names/{self.names}.txt gives {len(names)} classes, expected "
                f"{self.num_classes} for {self.name}; correct the file."
            )
        return names

    def expected_tree(self) -> str:
        """The folders below the root, one a line, alternatives marked with "or"."""
        return "\n".join(
            f"  {'or ' if i else ''}{folder}"
            for folders in (self.images, self.labels)
            for i, folder in enumerate(folders)
        )


def restore(benchmark: Benchmark) -> str:
    """The advice for labels of a wrong encoding."""
    if script := _SCRIPTS.get(benchmark.key):
        return f"use the official files, and if needed run python datasets/{script}.py"
    return "use the official files; datasets/README.md says from where"
