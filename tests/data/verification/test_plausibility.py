"""Wrong encodings of label files are named, and so are wrong numbers of images."""

import dataclasses
import re
from pathlib import Path

import numpy as np
import pytest

from freecp_d2.data import BENCHMARKS
from freecp_d2.data.benchmark_spec import (
    CITYSCAPES_IDS,
    COCO_STUFF_IDS,
    PASCAL_CONTEXT_IDS,
    restore,
)
from freecp_d2.data.verification.plausibility import count_values, judge_values
from tests.helpers.share_trees import encode, train_ids


def judge(key, index=0, num_files=3, change=lambda values: values, whole=True):
    """The findings on label files whose values are changed."""
    row = BENCHMARKS[key]
    folder = row.labels[index]
    labels = change(encode(folder, train_ids(row, num_files))).astype(int)
    files = {}
    for number, label in enumerate(labels):
        values, counts = np.unique(label, return_counts=True)
        files[f"{number}.png"] = dict(zip(values.tolist(), counts.tolist(), strict=True))
    row = dataclasses.replace(row, num_images=num_files) if whole else row
    return judge_values(row, folder, count_values(folder.encoding, files))


def down(values):
    """Detectron2's shift: minus one in 8 bits, so that 0 becomes 255."""
    return values.astype(np.uint8) - np.uint8(1)


def up(values):
    return values.astype(np.uint8) + np.uint8(1)


def down_keeping_ignored(values):
    return np.where(values == 255, 255, down(values))


def replaced(old, new):
    return lambda values: np.where(values == old, new, values)


def background_last(last):
    return lambda values: np.where(values == 255, 255, np.where(values == 0, last, values - 1))


def stuff_first(values):
    return np.where(values == 255, 255, (values.astype(int) + 91) % 171)


def raw_coco(values):
    return np.append(COCO_STUFF_IDS, 255)[np.where(values == 255, 171, values)]


def with_stuff(values):
    """Any stuff where the tree has only the first."""
    return np.where(values == 80, 80 + np.arange(values.size).reshape(values.shape) % 91, values)


def to_train_ids(published):
    table = np.full(256, 255)
    table[list(published)] = np.arange(len(published))
    return lambda values: table[values]


def full_context(values):
    return np.array([1, *PASCAL_CONTEXT_IDS])[values]


def instances(values):
    return np.where((values > 23) & (values < 255), values * 1000, values)


def some_unlabelled(values):
    return np.where(np.arange(16) == 0, 255, values)


def city_ids(values):
    return np.append(CITYSCAPES_IDS, 0)[np.where(values == 255, 19, values)]


WRONG = [
    # key, folder, change, number of files, kind, what is said
    ("ade20k", 0, down, 3, "values", "annotations_detectron2/validation"),
    ("ade20k", 0, lambda v: np.maximum(v, 1) - 1, 200, "histogram", "no pixel is 'flag' .*by one"),
    ("ade20k", 2, up, 120, "values", "annotations/validation"),
    ("ade20k", 0, lambda v: down(down(v)), 40, "values", r"too often: class 0 \(wall\) became 255"),
    ("ade20k", 2, down, 40, "values", r"too often: class 0 \(wall\) became 255"),
    ("ade20k", 2, lambda v: replaced(254, 255)(down(v)), 200, "histogram", "is 'flag'.*by one"),
    ("ade20k", 0, replaced(1, 0), 120, "histogram", r"no pixel is 'wall' \(class 0\).* 16%"),
    ("ade20k", 0, replaced(0, 1), 20, "unlabelled", r"not one pixel of 20 label files .*\(0\)"),
    ("voc21", 0, down_keeping_ignored, 40, "convention", "too often: background became 255"),
    ("voc21", 0, background_last(20), 40, "convention", "annotations_detectron2_bg"),
    ("voc21", 1, lambda v: np.where(v < 20, v + 1, v % 20), 40, "convention", "SegmentationClass"),
    ("voc21", 0, replaced(255, 0), 40, "unlabelled", "VOC's void borders .* background"),
    ("voc20", 0, down_keeping_ignored, 300, "convention", "annotations_detectron2/val"),
    ("voc20", 1, up, 40, "values", "SegmentationClass"),
    ("context60", 0, down, 3, "values", "pc59_val"),
    ("context60", 1, up, 40, "values", "SegmentationClassContext"),
    ("context60", 0, background_last(59), 40, "convention", "background as the last class"),
    ("context60", 0, full_context, 3, "values", "459 categories of Pascal Context"),
    ("context59", 0, down, 3, "values", "pc59_val"),
    ("context59", 1, up, 40, "values", "SegmentationClassContext"),
    ("coco_object", 0, some_unlabelled, 40, "values", "keep 255 for unlabelled"),
    ("coco_object", 0, background_last(80), 40, "convention", "background as the last class"),
    ("coco_object", 0, down, 40, "values", "too often: background became 255"),
    ("coco_stuff", 0, stuff_first, 40, "convention", "stuff before things instead"),
    ("coco_stuff", 0, lambda v: up(stuff_first(v)), 40, "values", "stuff before things, one too"),
    ("coco_stuff", 0, up, 40, "values", "one too high"),
    ("coco_stuff", 0, down, 40, "values", r"too often: class 0 \(person\)"),
    ("coco_stuff", 0, raw_coco, 40, "values", "coco/stuffthingmaps/val2017"),
    ("coco_stuff", 1, raw_coco, 40, "values", "coco/stuffthingmaps/val2017"),
    ("coco_stuff", 3, to_train_ids(COCO_STUFF_IDS), 40, "values", "coco_stuff164k/annotations/val"),
    ("coco_stuff", 0, lambda v: up(raw_coco(v)), 40, "values", "COCO-Stuff-10k"),
    ("coco_object", 2, lambda v: raw_coco(with_stuff(v)), 40, "values", "coco/stuffthingmaps/val"),
    ("cityscapes", 0, city_ids, 3, "values", "_gtFine_labelIds.png"),
    ("cityscapes", 1, to_train_ids(CITYSCAPES_IDS), 40, "convention", "_gtFine_labelTrainIds.png"),
    ("cityscapes", 1, instances, 3, "values", "instance ids"),
]


@pytest.mark.parametrize("key", BENCHMARKS)
def test_wrong_encodings_are_named(key):
    cases = [case[1:] for case in WRONG if case[0] == key]
    assert cases
    for index, change, num_files, kind, said in cases:
        (finding,) = judge(key, index, num_files, change)
        assert finding.kind == kind, said
        assert re.search(said, finding.what), finding.what
        assert finding.advice


def test_labels_of_an_unknown_list_are_detected():
    rng = np.random.default_rng(0)
    (finding,) = judge("ade20k", 0, 120, lambda v: rng.choice([0, 90, 120, 140], v.shape))
    assert finding.kind == "histogram"
    assert "expected roughly wall 16%, building 11%" in finding.what
    (finding,) = judge("ade20k", 0, 3, lambda v: v % 90 + 151)
    assert "another list of classes" in finding.what
    assert finding.kind == "values"


def test_a_conversion_that_was_interrupted_lists_the_files_it_changed():
    def change(values):
        values[:2] = down(values[:2])
        return values

    (finding,) = judge("ade20k", 0, 5, change)
    assert "annotations_detectron2/validation" in finding.what
    assert "255 in 2 of 5 label files" in finding.what
    assert finding.files == ("0.png", "1.png")


def test_sets_without_findings():
    """No readable label; a part of the set, which may lack classes."""
    assert judge("ade20k", num_files=0) == []
    (finding,) = judge("ade20k", 0, 120, replaced(150, 0))
    assert finding.kind == "histogram"
    assert judge("ade20k", 0, 120, replaced(150, 0), whole=False) == []


def test_scripts_that_restore_labels_exist():
    for row in BENCHMARKS.values():
        advice = restore(row)
        assert "official files" in advice
        for script in re.findall(r"datasets/\w+\.py", advice):
            assert (Path(__file__).parents[3] / script).is_file()
