"""Label maps as files of annotation tools: COCO, YOLO and LabelMe."""

from .coco import coco_dataset, merge_coco
from .labelme_yolo import labelme_file, yolo_data, yolo_lines
from .polygons import Region, find_regions, polygons
