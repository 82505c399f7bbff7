"""
The dataset mapper: read the image of a record, resize it, make a tensor.

`INPUT.RESIZE` is "pil", the antialiased resize of Detectron2, or "cv2", OpenCV's bilinear resize
without antialiasing, which the literature uses.
"""

from typing import Any

import numpy as np
import torch
from fvcore.transforms.transform import Transform

from ..d2 import PathManager, check_image_size, configurable
from ..d2 import transforms as T
from .images.options import Reading
from .images.reading import read_image
from .labels import classes_present

RESIZE_RULES = ("cv2", "pil")
_GROUND_TRUTH = ("sem_seg_file_name", "label_encoding", "sem_seg", "annotations", "segments_info")


class CV2ResizeTransform(T.ResizeTransform):
    """Detectron2's `ResizeTransform` with OpenCV's bilinear rule, which is not antialiased."""

    def apply_image(self, img: np.ndarray, interp: int | None = None) -> np.ndarray:
        """Resize an image, (h, w) or (h, w, C); any `interp` is the nearest neighbour."""
        import cv2  # on first use: importing the package must not need OpenCV

        rule = cv2.INTER_LINEAR if interp is None else cv2.INTER_NEAREST
        size = (self.new_w, self.new_h)
        resized = cv2.resize(np.ascontiguousarray(img), size, interpolation=rule)
        return resized.reshape(self.new_h, self.new_w, *img.shape[2:])  # cv2 drops one channel


class FreeCPDatasetMapper:
    """
    Map a dataset record to the input of a training-free model: no augmentation, no ground truth.

    Args:
        image_format: "RGB" or "BGR", the channel order of the output.
        min_size: length of the shorter side in pixels; 0 keeps the image's own size.
        max_size: upper limit of the longer side; it takes precedence over `min_size`.
        resize: "cv2" or "pil", see `INPUT.RESIZE`.
        oracle: add `classes`, the train ids in the record's label file, for the oracle of Tab. 1.
        reading: bands and range of values of the image files.
    """

    @configurable
    def __init__(
        self,
        *,
        image_format: str,
        min_size: int,
        max_size: int,
        resize: str = "cv2",
        oracle: bool = False,
        reading: Reading | None = None,
    ) -> None:
        if image_format not in ("RGB", "BGR"):
            raise ValueError(f'INPUT.FORMAT={image_format!r}, expected "RGB" or "BGR".')
        if resize not in RESIZE_RULES:
            raise ValueError(f'INPUT.RESIZE={resize!r}, expected "cv2" or "pil".')
        if min_size < 0 or max_size < min_size:
            raise ValueError(
                f"INPUT.MIN_SIZE_TEST={min_size}, INPUT.MAX_SIZE_TEST={max_size}; expected "
                "0 <= MIN_SIZE_TEST <= MAX_SIZE_TEST."
            )
        self.image_format, self.resize, self.oracle = image_format, resize, oracle
        self.min_size, self.max_size = min_size, max_size
        self.reading = reading or Reading()

    @classmethod
    def from_config(cls, cfg: Any, is_train: bool = False) -> dict[str, Any]:
        """Read `INPUT` and `MODEL.PURIFICATION_HEAD.ORACLE`."""
        if is_train:
            raise ValueError("FreeCP has nothing to train; use FreeCPDatasetMapper(cfg, False).")
        return {
            "image_format": cfg.INPUT.FORMAT,
            "min_size": cfg.INPUT.MIN_SIZE_TEST,
            "max_size": cfg.INPUT.MAX_SIZE_TEST,
            "resize": cfg.INPUT.RESIZE,
            "oracle": cfg.MODEL.PURIFICATION_HEAD.ORACLE,
            "reading": Reading(tuple(cfg.INPUT.BANDS), cfg.INPUT.VALUE_RANGE),
        }

    def __call__(self, dataset_dict: dict[str, Any]) -> dict[str, Any]:
        """
        Args:
            dataset_dict: a record with `file_name`; `height` and `width` are checked if present.

        Returns:
            dict: the record without its ground truth, with `height`, `width` of the original image
            and `image`, a uint8 tensor (3, h, w); with the oracle `classes`, a list of train ids.

        Raises:
            ValueError: the image cannot be decoded or has another size than the record, or the
                oracle has no label file.
        """
        inputs = {k: v for k, v in dataset_dict.items() if k not in _GROUND_TRUTH}
        image = read_color_image(inputs["file_name"], self.image_format, self.reading)
        check_image_size(inputs, image)
        h, w = image.shape[:2]
        image = self.get_transform(h, w).apply_image(image)
        inputs["image"] = torch.from_numpy(np.array(image)).permute(2, 0, 1).contiguous()
        if self.oracle:
            if "sem_seg_file_name" not in dataset_dict:
                raise ValueError(
                    f'{inputs["file_name"]} has no "sem_seg_file_name", which '
                    "MODEL.PURIFICATION_HEAD.ORACLE=True reads the classes from; use a dataset "
                    "with labels or switch the oracle off."
                )
            path, encoding = dataset_dict["sem_seg_file_name"], dataset_dict.get("label_encoding")
            inputs["classes"] = classes_present(path, encoding)
        return inputs

    def get_transform(self, h: int, w: int) -> Transform:
        """The resize of an image of size (h, w)."""
        if self.min_size == 0:
            return T.NoOpTransform()
        shape = T.ResizeShortestEdge.get_output_shape(h, w, self.min_size, self.max_size)
        new_h, new_w = (max(1, side) for side in shape)  # an image of 5000x1 would get height 0
        if self.resize == "cv2":
            return CV2ResizeTransform(h, w, new_h, new_w)
        return T.ResizeTransform(h, w, new_h, new_w)


def read_color_image(
    file_name: str, image_format: str, reading: Reading | None = None
) -> np.ndarray:
    """`read_image` in "RGB" or "BGR", for any name that iopath opens (`storybook://...`)."""
    with PathManager.open(file_name, "rb") as file:
        image = read_image(file, name=file_name, reading=reading or Reading())
    return image[:, :, ::-1] if image_format == "BGR" else image
