"""Label maps as files of annotation tools: COCO, YOLO and LabelMe."""

from .coco import coco_dataset, merge_coco
from .labelme import labelme_file
from .polygons import polygons
from .regions import Region, find_regions
from .yolo import yolo_data, yolo_lines

__all__ = [
    "Region",
    "coco_dataset",
    "find_regions",
    "labelme_file",
    "merge_coco",
    "polygons",
    "yolo_data",
    "yolo_lines",
]
