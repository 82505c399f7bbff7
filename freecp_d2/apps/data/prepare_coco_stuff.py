"""
Convert COCO-Stuff's `stuffthingmaps` to the 171 train ids.

    python datasets/prepare_coco_stuff.py

The official files hold COCO's category id minus one: 0..181 without the eleven categories that were
never annotated, and 255 for unlabelled. They become 0..170 and 255; any other value is an error,
since it says that the file is of another list of classes. The first of these that has files is
converted:

    coco_stuff164k/annotations/val2017/*.png    to *_labelTrainIds.png beside them
    coco/stuffthingmaps/val2017/*.png           to coco/stuffthingmaps_detectron2/val2017/
    coco-stuff/annotations/val2017/*.png        to coco-stuff/annotations_detectron2/val2017/

An evaluation here reads `coco/stuffthingmaps` as it is.
"""

from collections.abc import Sequence

from ...data.conversion.label_files import LabelConversion, Layout, label_command
from ...data.label_ids import COCO_STUFF_IDS
from ...data.labels import IGNORE_LABEL, LabelEncoding

_164K = "coco_stuff164k/annotations/{split}"

COCO_STUFF = LabelConversion(
    title="COCO-Stuff",
    page="https://github.com/nightrome/cocostuff (stuffthingmaps_trainval2017.zip)",
    splits={"val": "val2017", "train": "train2017"},
    layouts=(
        Layout(_164K, _164K, target_suffix="_labelTrainIds.png"),
        Layout("coco/stuffthingmaps/{split}", "coco/stuffthingmaps_detectron2/{split}"),
        Layout("coco-stuff/annotations/{split}", "coco-stuff/annotations_detectron2/{split}"),
    ),
    encoding=LabelEncoding(COCO_STUFF_IDS, (IGNORE_LABEL,)),
)


def main(argv: Sequence[str] | None = None) -> int:
    """Convert one split; returns the exit status."""
    return label_command(COCO_STUFF, __doc__, argv, print)
