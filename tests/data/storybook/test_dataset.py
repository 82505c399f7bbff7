"""Storybook in the catalogs: records, metadata, loader and evaluators."""

import numpy as np
import pytest
import torch

from freecp_d2.d2 import DatasetCatalog, MetadataCatalog, SemSegEvaluator
from freecp_d2.data.storybook import draw_scene
from freecp_d2.data.storybook.dataset import HEIGHT, SPLITS, WIDTH, load_storybook
from freecp_d2.evaluation import FreeCPSemSegEvaluator
from freecp_d2.text import load_vocabulary

KEYS = ("storybook", "storybook_wide")
NARROW, WIDE = ([f"freecp_{key}_{split}" for split in ("val", "dev")] for key in KEYS)
FEW = 6


def test_metadata():
    for name in NARROW + WIDE:
        meta = MetadataCatalog.get(name)
        vocabulary = load_vocabulary(meta.vocabulary)
        assert meta.vocabulary == ("storybook_wide" if "_wide_" in name else "storybook")
        assert tuple(meta.stuff_classes) == vocabulary.class_names
        assert len(set(meta.stuff_colors)) == len(meta.stuff_classes)
        assert (meta.evaluator_type, meta.ignore_label, meta.num_images) == ("sem_seg", 255, 150)
    narrow, wide = (MetadataCatalog.get(names[0]).stuff_classes for names in (NARROW, WIDE))
    assert len(narrow) == 36
    assert wide[:36] == narrow
    assert len(wide) > len(narrow)
    assert DatasetCatalog.get(WIDE[0]) == DatasetCatalog.get(NARROW[0])


def test_records():
    for name in NARROW + WIDE:
        records = DatasetCatalog.get(name)
        split = name.rpartition("_")[2]
        assert records == load_storybook(split)
        assert records[7] == {
            "file_name": f"storybook://{split}/images/0007.png",
            "sem_seg_file_name": f"storybook://{split}/labels/0007.png",
            "height": HEIGHT,
            "width": WIDTH,
            "image_id": 7,
        }
        assert len({r["file_name"] for r in records}) == len(records) == 150
    with pytest.raises(ValueError, match=r'no split "train"; use val or dev'):
        load_storybook("train")


@pytest.fixture(scope="module")
def scenes():
    return [draw_scene(SPLITS["val"].first_seed + number) for number in range(FEW)]


@pytest.mark.parametrize("evaluator_class", [SemSegEvaluator, FreeCPSemSegEvaluator])
@pytest.mark.parametrize("name", [NARROW[0], WIDE[0]])
def test_perfect_predictions_score_100(scenes, evaluator_class, name):
    """Also with Detectron2's own evaluator, which reads train ids only."""
    evaluator = evaluator_class(name, distributed=False)
    evaluator.reset()
    num_classes = len(MetadataCatalog.get(name).stuff_classes)
    for record, scene in zip(DatasetCatalog.get(name), scenes, strict=False):
        labels = torch.from_numpy(scene.labels).long()
        scores = torch.nn.functional.one_hot(labels, num_classes).permute(2, 0, 1).float()
        evaluator.process([record], [{"sem_seg": scores}])
    found = evaluator.evaluate()["sem_seg"]
    assert found["mIoU"] == pytest.approx(100)
    assert found["pACC"] == pytest.approx(100)
    if num_classes > 36:
        absent = MetadataCatalog.get(name).stuff_classes[36:]
        assert all(np.isnan(found[f"IoU-{word}"]) for word in absent)
