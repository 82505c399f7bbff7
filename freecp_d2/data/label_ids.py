"""
The values of class 0, 1, ... in published annotations that number a larger list of classes.

The benchmarks score classes 0..K-1. All values are as the authors of the datasets publish them.
"""

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
