"""A wrong number of images says what has as many, and every benchmark says how to restore it."""

import re
from pathlib import Path

import pytest

from freecp_d2.data import BENCHMARKS
from freecp_d2.data.verification.findings import count_finding, restore

ROOT = Path(__file__).parents[3]


@pytest.mark.parametrize(
    ("key", "count", "said"),
    [
        ("voc21", 2913, r"official 1449 \(train and val.*SegmentationClass"),
        ("voc20", 1447, "CAT-Seg's converter leaves out images whose annotation is all 255"),
        ("voc21", 1447, "a part of the set"),
        ("context60", 5105, r"official 5104 \(papers count 5,105"),
        ("coco_stuff", 1000, "COCO-Stuff-10k's test split"),
        ("cityscapes", 2975, "the train split"),
        ("ade20k", 20210, "the train split"),
        ("ade20k", 2001, "official 2000$"),
    ],
)
def test_wrong_counts_say_what_has_as_many(key, count, said):
    finding = count_finding(BENCHMARKS[key], count)
    assert finding.kind == "count"
    assert re.search(f"^{count} images, .*{said}", finding.what)


def test_the_official_count_is_no_finding():
    assert all(count_finding(row, row.num_images) is None for row in BENCHMARKS.values())


@pytest.mark.parametrize("key", BENCHMARKS)
def test_what_to_run_exists(key):
    advice = restore(BENCHMARKS[key])
    assert advice.startswith("take the official files")
    for script in re.findall(r"datasets/\w+\.py", advice):
        assert (ROOT / script).is_file()
