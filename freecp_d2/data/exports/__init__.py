"""Label maps as files of annotation tools: COCO, YOLO, LabelMe, Label Studio and GeoJSON."""

from .coco import coco_dataset, merge_coco
from .labelme_yolo import labelme_file, yolo_data, yolo_lines
from .polygons import Region, find_regions, polygons

__all__ = [
    "Region", "coco_dataset", "find_regions", "labelme_file", "merge_coco", "polygons", "yolo_data",
    "yolo_lines",
]  # fmt: skip
