"""
Shift ADE20K's annotations by one, for Detectron2's own dataset `ade20k_sem_seg_val`.

    python datasets/prepare_ade20k.py

`annotations/validation` becomes `annotations_detectron2/validation` beside it: 1..150 become 0..149
and 0, unlabelled, becomes 255. An evaluation here reads the official annotations; you need this
only for programs that expect Detectron2's folder.
"""

from collections.abc import Sequence

from ...data.conversion.label_files import LabelConversion, Layout, label_command
from ...data.labels import raw_encoding

NUM_CLASSES = 150

ADE20K = LabelConversion(
    title="ADE20K",
    page="http://sceneparsing.csail.mit.edu/ (ADEChallengeData2016.zip)",
    splits={"val": "validation", "train": "training"},
    layouts=tuple(
        Layout(f"{root}/annotations/{{split}}", f"{root}/annotations_detectron2/{{split}}")
        for root in ("ADEChallengeData2016", "ade/ADEChallengeData2016")
    ),
    encoding=raw_encoding(NUM_CLASSES),
)


def main(argv: Sequence[str] | None = None) -> int:
    """Convert one split; returns the exit status."""
    return label_command(ADE20K, __doc__, argv, print)
