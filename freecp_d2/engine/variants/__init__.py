"""Many variants of the method on the same images, at little more than the cost of one."""

from .configs import VARIANTS, Variant, variant_configs
from .model import VariantsModel
from .run import count_pixels

__all__ = [
    "VARIANTS",
    "Variant",
    "VariantsModel",
    "count_pixels",
    "variant_configs",
]
