"""Many variants of the method on the same images, at little more than the cost of one."""

from .bootstrap import Interval, paired_bootstrap
from .counts import PixelCounts, load_counts, mean_iou, pixel_accuracy, save_counts
from .model import VariantsModel
from .run import count_pixels
from .variants import VARIANTS, Variant, variant_configs

__all__ = [
    "VARIANTS",
    "Interval",
    "PixelCounts",
    "Variant",
    "VariantsModel",
    "count_pixels",
    "load_counts",
    "mean_iou",
    "paired_bootstrap",
    "pixel_accuracy",
    "save_counts",
    "variant_configs",
]
