"""
The mapper from records to inputs of a model.

Counterpart of `detectron2/data/dataset_mapper.py`. Leaves out: training, and instance annotations.
"""

import copy
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch

from ..config import CfgNode, configurable
from ..utils import needs_detectron2
from . import detection_utils as utils
from . import transforms as T


class DatasetMapper:
    """
    Reads and resizes the image and the label map of a record.

    The result is the record, without its annotations, with `image`, uint8 (C, h, w), and `sem_seg`,
    int64 (h, w), in place of `sem_seg_file_name`. `height` and `width` are those of the file.
    """

    @configurable
    def __init__(
        self,
        is_train: bool,
        *,
        augmentations: Sequence[T.Augmentation | T.Transform],
        image_format: str,
    ) -> None:
        """`image_format` is a format of `detection_utils.read_image`."""
        if is_train:
            raise needs_detectron2("DatasetMapper(is_train=True)")
        self.is_train = is_train
        self.augmentations = T.AugmentationList(augmentations)
        self.image_format = image_format

    @classmethod
    def from_config(cls, cfg: CfgNode, is_train: bool = True) -> dict[str, Any]:
        """Arguments of `__init__` from INPUT.{MIN_SIZE_TEST,MAX_SIZE_TEST,FORMAT}."""
        if cfg.MODEL.KEYPOINT_ON or cfg.MODEL.LOAD_PROPOSALS:
            raise needs_detectron2("MODEL.KEYPOINT_ON or MODEL.LOAD_PROPOSALS")
        return {
            "is_train": is_train,
            "augmentations": utils.build_augmentation(cfg, is_train),
            "image_format": cfg.INPUT.FORMAT,
        }

    def __call__(self, dataset_dict: dict[str, Any]) -> dict[str, Any]:
        """Map a record, which is not changed; SizeMismatchError if its image has another size."""
        dataset_dict = copy.deepcopy(dataset_dict)
        image = utils.read_image(dataset_dict["file_name"], format=self.image_format)
        utils.check_image_size(dataset_dict, image)
        sem_seg = None
        if "sem_seg_file_name" in dataset_dict:
            sem_seg = utils.read_image(dataset_dict.pop("sem_seg_file_name"), "L").squeeze(2)

        aug_input = T.AugInput(image, sem_seg=sem_seg)
        self.augmentations(aug_input)
        # Loader workers hand over tensors through shared memory, arrays by pickling.
        chw = np.ascontiguousarray(aug_input.image.transpose(2, 0, 1))
        dataset_dict["image"] = torch.as_tensor(chw)
        if aug_input.sem_seg is not None:
            dataset_dict["sem_seg"] = torch.as_tensor(aug_input.sem_seg.astype("int64"))
        dataset_dict.pop("annotations", None)
        return dataset_dict
