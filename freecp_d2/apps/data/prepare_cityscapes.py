"""
Convert Cityscapes' labelIds to the 19 train ids, without cityscapesscripts.

    python datasets/prepare_cityscapes.py

`cityscapes/gtFine/val/<city>/*_gtFine_labelIds.png` get `*_gtFine_labelTrainIds.png` beside them:
0..18, and 255 for what is not scored. An evaluation here reads labelIds as well; other programs
want these.
"""

from collections.abc import Sequence

from ...data.benchmarks import CITYSCAPES_ENCODING
from ...data.conversion.label_files import LabelConversion, Layout, label_command

_FOLDER = "cityscapes/gtFine/{split}"

CITYSCAPES = LabelConversion(
    title="Cityscapes",
    page="https://www.cityscapes-dataset.com (gtFine_trainvaltest.zip)",
    splits={"val": "val", "train": "train"},
    layouts=(Layout(_FOLDER, _FOLDER, "_gtFine_labelIds.png", "_gtFine_labelTrainIds.png"),),
    encoding=CITYSCAPES_ENCODING,
)


def main(argv: Sequence[str] | None = None) -> int:
    """Convert one split; returns the exit status."""
    return label_command(CITYSCAPES, __doc__, argv, print)
