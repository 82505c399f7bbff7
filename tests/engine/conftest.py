"""A dataset of tiny images, each half cat, half dog, and a model that tells them apart."""

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn

from freecp_d2.config import add_freecp_config
from freecp_d2.d2 import DatasetCatalog, MetadataCatalog, get_cfg

NAME = "freecp_test_engine"


class Classifier(nn.Module):
    """Says dog where the image is bright; fails after `limit` images, or at one that is named."""

    def __init__(self, limit=100, fails_at="no image"):
        super().__init__()
        self.offset = nn.Parameter(torch.zeros(()), requires_grad=False)
        self.seen, self.limit, self.fails_at = [], limit, fails_at

    def forward(self, inputs):
        for item in inputs:
            if len(self.seen) == self.limit or self.fails_at in item["file_name"]:
                raise RuntimeError("interrupted")
            self.seen.append(item["file_name"][-7:-4])
        return [{"sem_seg": (item["image"][0] > 127 + self.offset).long()} for item in inputs]


@pytest.fixture
def register(tmp_path):
    """A function that registers so many images, of 8 pixels of each class, one of them wrong."""

    def do(count):
        records = []
        for i in range(count):
            label = np.array([[0, 0, 1, 1]] * 4, np.uint8)
            image = 255 * label
            image[0] = [255, 0, 0, 255]  # a cat and a dog are taken for each other
            paths = [str(tmp_path / f"{kind}{i:03d}.png") for kind in ("image", "label")]
            Image.fromarray(image).convert("RGB").save(paths[0])
            Image.fromarray(label).save(paths[1])
            records.append({"file_name": paths[0], "sem_seg_file_name": paths[1]})
        DatasetCatalog.register(NAME, lambda: list(records))
        metadata = MetadataCatalog.get(NAME)
        metadata.set(stuff_classes=["cat", "dog"], ignore_label=255, num_images=20)
        return records

    yield do
    DatasetCatalog.remove(NAME)
    MetadataCatalog.remove(NAME)


@pytest.fixture
def cfg(tmp_path):
    """The config of an evaluation of these images."""
    (tmp_path / "words.txt").write_text("cat\ndog\n")
    cfg = get_cfg()
    add_freecp_config(cfg)
    cfg.merge_from_list(["MODEL.DEVICE", "cpu", "DATALOADER.NUM_WORKERS", 0])
    cfg.merge_from_list(["INPUT.FORMAT", "RGB", "INPUT.MIN_SIZE_TEST", 4])
    cfg.merge_from_list(["DATASETS.TEST", (NAME,), "OUTPUT_DIR", str(tmp_path / "output")])
    cfg.merge_from_list(["MODEL.TEXT.VOCABULARY", str(tmp_path / "words.txt")])
    return cfg
