"""Evaluating a model that knows the answer: which images, which files, in which order."""

import json
import logging

import numpy as np
import pytest
from PIL import Image
from torch import nn

from freecp_d2.config import add_freecp_config
from freecp_d2.d2 import DatasetCatalog, MetadataCatalog, get_cfg
from freecp_d2.engine import evaluate, select_records

NAME = "freecp_test_evaluate"
CLASSES = ["cat", "dog"]


class Classifier(nn.Module):
    """Says dog where the image is bright, and remembers what it saw."""

    def __init__(self, fails=False):
        super().__init__()
        self.seen = []
        self.fails = fails

    def forward(self, inputs):
        if self.fails:
            raise RuntimeError("out of memory")
        self.seen += [item["file_name"] for item in inputs]
        return [{"sem_seg": (item["image"][0] > 127).long()} for item in inputs]


@pytest.fixture
def register(tmp_path):
    """A function that registers so many images, last name first, each half cat, half dog."""

    def do(count):
        records = []
        for i in reversed(range(count)):
            label = np.array([[0, 0, 1, 1]] * 4, np.uint8)
            image = np.repeat(label[..., None] * 255, 3, axis=2)
            image[0, 0] = 255  # one cat is taken for a dog
            paths = [str(tmp_path / f"{kind}{i:03d}.png") for kind in ("image", "label")]
            Image.fromarray(image).save(paths[0])
            Image.fromarray(label).save(paths[1])
            sizes = {"height": 4, "width": 4}
            records.append({"file_name": paths[0], "sem_seg_file_name": paths[1]} | sizes)
        DatasetCatalog.register(NAME, lambda: list(records))
        metadata = MetadataCatalog.get(NAME)
        metadata.set(stuff_classes=CLASSES, ignore_label=255, num_images=20)
        return records

    yield do
    if NAME in DatasetCatalog.list():
        DatasetCatalog.remove(NAME)
        MetadataCatalog.remove(NAME)


@pytest.fixture
def cfg(tmp_path):
    words = tmp_path / "words.txt"
    words.write_text("\n".join(CLASSES))
    cfg = get_cfg()
    add_freecp_config(cfg)
    cfg.merge_from_list(["MODEL.DEVICE", "cpu", "DATALOADER.NUM_WORKERS", 0])
    cfg.merge_from_list(["INPUT.FORMAT", "RGB", "INPUT.MIN_SIZE_TEST", 4])
    cfg.merge_from_list(["DATASETS.TEST", (NAME,), "MODEL.TEXT.VOCABULARY", str(words)])
    cfg.OUTPUT_DIR = str(tmp_path / "output")
    return cfg


def names(records):
    return [record["file_name"] for record in records]


class TestSelection:
    def test_evenly_spread_over_the_sorted_ones(self, cfg, register):
        in_order = sorted(names(register(9)))
        for number, expected in [
            (1, [0]),
            (2, [0, 8]),
            (3, [0, 4, 8]),
            (5, [0, 2, 4, 6, 8]),
            (8, [0, 1, 2, 3, 5, 6, 7, 8]),  # none twice
        ]:
            cfg.TEST.NUM_IMAGES = number
            assert names(select_records(cfg, NAME)) == [in_order[i] for i in expected]

    def test_all_where_there_are_no_more(self, cfg, register):
        records = register(9)
        for number in [0, 9, 10]:
            cfg.TEST.NUM_IMAGES = number
            assert select_records(cfg, NAME) == records

    def test_an_empty_dataset(self, cfg, register):
        register(0)
        with pytest.raises(ValueError, match=f"{NAME} is empty"):
            select_records(cfg, NAME)


class TestEvaluate:
    def test_numbers_and_records(self, cfg, register, tmp_path, caplog):
        register(6)
        cfg.TEST.NUM_IMAGES = 2
        model = Classifier()
        with caplog.at_level(logging.INFO):
            results = evaluate(cfg, model)
        assert [name[-7:] for name in model.seen] == ["000.png", "005.png"]
        scores = results[NAME]["sem_seg"]
        assert scores["mIoU"] == pytest.approx(100 * (7 / 8 + 8 / 9) / 2)
        assert scores["mIoU_mmseg"] == scores["mIoU"]
        record = json.loads((tmp_path / "output/results.json").read_text())
        assert record["results"][NAME]["sem_seg"] == pytest.approx(scores)
        assert record["images"] == {NAME: {"evaluated": 2, "official": 20}}
        assert 0 < record["seconds"][NAME] < 100
        assert (tmp_path / "output/inference" / NAME / "confusion_matrix.png").is_file()
        assert "mIoU,fwIoU,mACC,pACC,mIoU_mmseg" in caplog.text

    def test_a_run_that_fails_leaves_no_record_unless_it_did_not_start(
        self, cfg, register, tmp_path
    ):
        register(3)
        evaluate(cfg, Classifier())
        cfg.TEST.NUM_IMAGES = -2
        with pytest.raises(ValueError, match="NUM_IMAGES is -2"):
            evaluate(cfg, Classifier())
        assert (tmp_path / "output/results.json").is_file()
        cfg.TEST.NUM_IMAGES = 0
        with pytest.raises(RuntimeError, match="out of memory"):
            evaluate(cfg, Classifier(fails=True))
        assert not (tmp_path / "output/results.json").exists()
