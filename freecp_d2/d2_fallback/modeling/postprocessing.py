"""
Class scores at the size of the original image.

Counterpart of `detectron2/modeling/postprocessing.py`. Leaves out: `detector_postprocess`.
"""

from torch import Tensor
from torch.nn import functional as F


def sem_seg_postprocess(
    result: Tensor, img_size: tuple[int, int], output_height: int, output_width: int
) -> Tensor:
    """
    Crop class scores (K, H, W) to an image of `img_size` (h, w) in the top left corner, and resize
    them bilinearly (corners not aligned).
    """
    image = result[:, : img_size[0], : img_size[1]]
    size = (output_height, output_width)
    return F.interpolate(image[None], size=size, mode="bilinear", align_corners=False)[0]
