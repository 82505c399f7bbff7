"""Pixel counts by hand, the mIoU of Detectron2's evaluator, the paired bootstrap."""

import numpy as np
import pytest
import torch

from freecp_d2.d2 import DatasetCatalog, SemSegEvaluator
from freecp_d2.evaluation.bootstrap import paired_bootstrap
from freecp_d2.evaluation.confusion import count_confusion
from freecp_d2.evaluation.partial import sparse_counts
from freecp_d2.evaluation.pixel_counts import (
    PixelCounts,
    count_labels,
    dense_counts,
    load_counts,
    mean_iou,
    pixel_accuracy,
    save_counts,
)


def test_by_hand():
    predicted, truth = np.array([[0, 1, 1], [1, 2, 2]]), np.array([[0, 0, 1], [1, 255, 3]])
    counts = count_labels(predicted, truth, num_classes=4)
    assert counts.tolist() == [[1, 2, 0, 0], [1, 3, 1, 0], [2, 2, 0, 1]]
    matrix = count_confusion(predicted, np.where(truth == 255, 4, truth), num_classes=4)
    assert dense_counts(sparse_counts(matrix), 4).tolist() == counts.tolist()
    # Class 2 has no true pixel and does not count: (1/2 + 2/3 + 0) / 3.
    assert mean_iou(counts) == pytest.approx(100 * (1 / 2 + 2 / 3) / 3)
    assert mean_iou(counts, [0, 2]) == pytest.approx(50)
    assert pixel_accuracy(counts) == pytest.approx(60)
    many = np.stack([counts, 7 * counts])
    assert mean_iou(many) == pytest.approx([float(mean_iou(counts))] * 2)


def test_same_as_detectron2():
    name = "freecp_storybook_wide_dev"
    records = DatasetCatalog.get(name)[:3]
    rng = np.random.default_rng(0)
    inputs = [{"file_name": r["file_name"]} for r in records]
    labels = [torch.from_numpy(rng.integers(0, 81, (192, 256))) for _ in records]
    reference = SemSegEvaluator(name, distributed=False)
    reference.reset()
    one_hot = [torch.nn.functional.one_hot(x, 81).permute(2, 0, 1).float() for x in labels]
    reference.process(inputs, [{"sem_seg": x} for x in one_hot])
    expected = reference.evaluate()["sem_seg"]

    counts = PixelCounts(name)
    counts.process(inputs[::-1], [{("a", "b"): x} for x in labels[::-1]])
    found = counts.evaluate()["a", "b"]
    assert found.shape == (3, 3, 81)
    assert mean_iou(found.sum(axis=0)) == pytest.approx(expected["mIoU"])
    assert pixel_accuracy(found.sum(axis=0)) == pytest.approx(expected["pACC"])
    counts.reset()
    counts.process(inputs[:1], [{("a", "b"): labels[0]}])
    [first] = counts.evaluate()["a", "b"]
    assert np.array_equal(found[0], first), "images are in the dataset's order"


def test_written_and_read(tmp_path):
    counts = {("SCLIP", "RP-AP"): np.arange(24).reshape(2, 3, 4)}
    save_counts(tmp_path / "counts.npz", counts)
    np.testing.assert_equal(load_counts(tmp_path / "counts.npz"), counts)


def images_of(hits, size=10):
    """Images of one class with `size` true pixels, of which `hits` are correct."""
    hits = np.asarray(hits)
    true = np.full_like(hits, size)
    return np.stack([hits, hits, true], axis=1)[:, :, None]


def test_the_same_gain_on_every_image_is_certain():
    for second, gain in (([1, 4, 7], 0), ([3, 6, 9], 20)):
        found = paired_bootstrap(images_of([1, 4, 7]), images_of(second))
        assert (found.difference, found.low, found.high) == pytest.approx((gain, gain, gain))


def test_a_gain_on_half_of_the_images():
    first, second = images_of([0] * 100), images_of([0, 10] * 50)
    found = paired_bootstrap(first, second, repetitions=4000)
    assert found.difference == pytest.approx(50)
    # A mean of 100 coin tosses: 50 +- 1.96 * 5 points.
    assert found.low == pytest.approx(50 - 9.8, abs=1.5)
    assert found.high == pytest.approx(50 + 9.8, abs=1.5)
    assert paired_bootstrap(first, second, repetitions=4000) == found, "the same seed"


def test_other_images_are_refused():
    with pytest.raises(ValueError, match="not of the same images"):
        paired_bootstrap(images_of([1, 2], 10), images_of([1, 2], 11))
