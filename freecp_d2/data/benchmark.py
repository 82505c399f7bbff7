"""What a row of the benchmark table says: where the files are and what their values mean."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import ClassVar

from .labels import IGNORE_LABEL, LabelEncoding

_NAMES_DIR = Path(__file__).resolve().parents[1] / "text" / "resources" / "class_names"


@dataclass(frozen=True)
class Folder:
    """A folder below the root of all datasets, and how the names of its files end."""

    path: str
    suffix: str

    def __str__(self) -> str:
        return f"{self.path}/*{self.suffix}"


@dataclass(frozen=True)
class LabelFolder(Folder):
    """
    A folder of label files, what their values mean, and which of them belong to the benchmark.

    Args:
        split_file: a text file below the root with one name (path without suffix) a line; "" takes
            all files of the folder, and those images that they are named after.
    """

    encoding: LabelEncoding
    split_file: str = ""

    def __str__(self) -> str:
        listed = f"; those that {self.split_file} names" if self.split_file else ""
        return f"{super().__str__()} ({self.encoding}){listed}"


@dataclass(frozen=True)
class Benchmark:
    """
    One row of the table.

    Args:
        key: `ade20k` registers `freecp_ade20k_val`.
        num_images: the official number; another one is a warning, so that a part of it works.
        num_classes: K, the number of classes that are scored.
        vocabulary: the list of words under `data/classes` that are the method's input by default.
        names: the list under `data/names` of what the classes are called in results.
        images: where the images may be; the first folder that has files wins.
        labels: where the annotations may be, in order of preference.
        background: class 0 is "background", which neither list counts.
    """

    key: str
    num_images: int
    num_classes: int
    vocabulary: str
    names: str
    images: tuple[Folder, ...]
    labels: tuple[LabelFolder, ...]
    background: bool = False
    ignore_label: ClassVar[int] = IGNORE_LABEL

    def __post_init__(self) -> None:
        for folder in self.labels:
            if len(folder.encoding.ids) != self.num_classes:
                raise ValueError(
                    f"{self.key}: {folder} encodes {len(folder.encoding.ids)} classes, expected "
                    f"{self.num_classes}."
                )

    @property
    def name(self) -> str:
        """The name in Detectron2's catalogs; the prefix keeps clear of Detectron2's own."""
        return f"freecp_{self.key}_val"

    @cached_property
    def class_names(self) -> tuple[str, ...]:
        """What the K scored classes are called, in label order: the dataset's own names."""
        lines = (_NAMES_DIR / f"{self.names}.txt").read_text(encoding="utf-8").splitlines()
        names = ("background",) * self.background + tuple(line for line in lines if line)
        if len(names) != self.num_classes:
            raise ValueError(
                f"data/names/{self.names}.txt gives {len(names)} classes, expected "
                f"{self.num_classes} for {self.name}; correct the file."
            )
        return names

    @property
    def shares_images(self) -> bool:
        """Whether the images lie among those of other splits."""
        return any(folder.split_file for folder in self.labels)

    def expected_tree(self) -> str:
        """The folders under the root, a line each, alternatives marked."""

        def lines() -> Iterator[str]:
            for folders in (self.images, self.labels):
                for i, folder in enumerate(folders):
                    yield f"  {'or ' if i else ''}{folder}"

        return "\n".join(lines())
