"""What purification decided in comparison with the ground truth, counted by hand."""

import csv
import itertools

import numpy as np
import pytest
import torch
from torch import nn

from freecp_d2.d2 import comm
from freecp_d2.evaluation.partial import (
    ImageResult,
    StoredResult,
    append_result,
    read_results,
    sparse_counts,
)
from freecp_d2.evaluation.purification import (
    THRESHOLDS,
    PurificationCounts,
    TruthInBoxes,
    count_decisions,
    mean_thresh,
    purification_metrics,
    redundancy_curve,
)
from freecp_d2.evaluation.purification_tally import PurificationTally
from freecp_d2.method import AmbiguityGroups, RegionBoxes
from freecp_d2.modeling.finite_checks import FiniteChecks
from freecp_d2.modeling.purification.build import (
    PlacedWindow,
    PurificationInputs,
    PurificationOutput,
    PurifiedBatch,
)
from freecp_d2.modeling.purification.decisions import Decisions
from freecp_d2.modeling.windows import Window

# Background, cat, dog, tree; 9 is not scored. The network's input is twice as large, 8 x 8.
LABELS = np.array([[1, 1, 1, 0], [1, 1, 0, 0], [0, 0, 2, 4], [0, 0, 2, 2]])
NUM_CLASSES = 4
LEFT, RIGHT = Window(0, 0, 0, 8, 4), Window(0, 0, 4, 8, 8)
# Left has only cat, right has cat and dog. RP keeps cat and tree left, dog and tree right.
KEEP = [[True, False, True], [False, True, True]]
SCORES = [[0.3, 0.0, 0.12], [0.02, 0.2, 0.15]]


def decisions(batch_size=2, **changes):
    """Two windows of 4 x 2 patches of 2 x 2 pixels; boxes of cat/tree left, dog/tree right."""
    found = PurificationOutput(
        maps=torch.zeros(batch_size, 3, 4, 2),
        keep=torch.tensor(KEEP[:batch_size]),
        redundancy_scores=torch.tensor(SCORES[:batch_size]),
        groups=AmbiguityGroups(
            torch.tensor([0, 1]), torch.tensor([[True, False, True], [False, True, True]])
        ),
        # Left: the upper half elects cat, the lower half tree. Right: the upper right patch tree.
        region_boxes=RegionBoxes(
            torch.tensor([0, 0, 1]), torch.tensor([[0, 0, 2, 2], [0, 2, 2, 4], [0, 2, 2, 4]])
        ),
        winners=torch.tensor([0, 2, 2]),
        redundancy_thresh=torch.full((batch_size,), 0.1),
    )
    empty = torch.zeros(batch_size)
    inputs = PurificationInputs(empty, empty, empty, None)
    batch = PurifiedBatch(inputs, found, 2, FiniteChecks())
    windows = [PlacedWindow(LEFT, batch, 0), PlacedWindow(RIGHT, batch, 1)]
    fields = {
        "windows": windows,
        "head": nn.Identity(),
        "size": (8, 8),
        "channels": (1, 2, 3),
        "read_out": lambda found: torch.zeros(4, 4, dtype=torch.long),
    }
    return Decisions(**fields | changes)


def counted(labels=LABELS, oracles=True, **changes):
    return count_decisions(decisions(**changes), labels, NUM_CLASSES, oracles=oracles)


def test_metrics_counted_by_hand():
    found = purification_metrics(PurificationCounts.of_vector(counted()))
    assert found == {
        "RP_recall": pytest.approx(100 * 2 / 3),  # cat left, dog right of cat, cat and dog
        "RP_precision": pytest.approx(100 * 2 / 4),
        "RP_recall_image": pytest.approx(100 * 2 / 2),
        "RP_precision_image": pytest.approx(100 * 2 / 3),
        "AP_elected": pytest.approx(100 * 1 / 3),  # cat in the upper left
        "AP_electable": pytest.approx(100 * 2 / 3),  # dog in the lower right
    }


def test_a_pixel_is_in_the_box_that_has_its_centre():
    truth = TruthInBoxes(LABELS, (8, 8), (1, 2))
    boxes = [[0, 0, 8, 8], [0, 0, 1, 8], [1, 0, 2, 8], [4, 4, 8, 8], [8, 0, 8, 8]]
    # The centre of the first pixel is at 1 of 8, so that [0, 1) has none.
    assert truth(np.array(boxes)).tolist() == [[5, 3], [0, 0], [2, 0], [0, 3], [0, 0]]
    shrunk = TruthInBoxes(LABELS, (2, 2), (1, 2))
    assert shrunk(np.array([[0, 0, 1, 1], [1, 1, 2, 2]])).tolist() == [[4, 0], [0, 3]]
    assert truth(np.zeros((0, 4), np.int64)).shape == (0, 2)


def test_windows_cover_the_pixels_once_at_any_scale():
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 3, (37, 53))
    for size in ((37, 53), (20, 31), (111, 64)):
        edges_y, edges_x = [0, 5, 13, size[0]], [0, 9, 10, size[1]]
        boxes = [
            [x0, y0, x1, y1]
            for y0, y1 in itertools.pairwise(edges_y)
            for x0, x1 in itertools.pairwise(edges_x)
        ]
        found = TruthInBoxes(labels, size, range(3))(np.array(boxes))
        assert found.sum(axis=0).tolist() == np.bincount(labels.ravel()).tolist(), size


def test_the_curve_counts_what_each_threshold_keeps():
    counts = PurificationCounts.of_vector(counted())
    recall, precision = redundancy_curve(counts)
    present = np.array([[True, False, False], [True, True, False]])
    scores = np.array(SCORES, np.float32)
    for i, thresh in enumerate(THRESHOLDS):
        keep = scores > thresh
        assert recall[i] == pytest.approx(100 * (keep & present).sum() / 3), thresh
        if keep.any():
            assert precision[i] == pytest.approx(100 * (keep & present).sum() / keep.sum())
        else:
            assert np.isnan(precision[i])
    at = THRESHOLDS.tolist().index(np.float32(0.1))
    metrics = purification_metrics(counts)
    assert (recall[at], precision[at]) == (metrics["RP_recall"], metrics["RP_precision"])
    assert mean_thresh(counts) == pytest.approx(0.1, abs=1e-6)
    assert (np.diff(THRESHOLDS) > 0).all()


def test_without_rp_or_boxes_there_are_no_such_metrics():
    plain = decisions()
    batch = plain.windows[0][1]
    batch.found.redundancy_thresh = None
    batch.found.region_boxes = RegionBoxes(torch.zeros(0).long(), torch.zeros(0, 4).long())
    batch.found.winners = torch.zeros(0).long()
    vector = count_decisions(plain, LABELS, NUM_CLASSES, oracles=True)
    counts = PurificationCounts.of_vector(vector)
    assert purification_metrics(counts) == {}
    assert redundancy_curve(counts)[0].max() == 100, "what RP would keep"


def test_a_batch_may_have_windows_of_several_images():
    own = decisions()
    batch = own.windows[0][1]
    second = decisions(windows=[PlacedWindow(RIGHT, batch, 1)])
    found = purification_metrics(
        PurificationCounts.of_vector(count_decisions(second, LABELS, NUM_CLASSES, oracles=False))
    )
    assert found["RP_recall"] == pytest.approx(100 / 2)
    assert (found["AP_elected"], found["AP_electable"]) == (0, 100)


RESULTS = [
    ImageResult(
        sparse_counts(np.diag([8, 5 + i, 3, 0, 0])),
        purification=sparse_counts(counted()),
        image=name,
    )
    for i, name in enumerate(("b.jpg", "a.jpg", "c.jpg"))
]


def test_results_survive_the_disk(tmp_path):
    for result in RESULTS:
        append_result(tmp_path / "a.jsonl", StoredResult("data", result.image, [1], result))
    found = [stored.result for stored in read_results(tmp_path / "a.jsonl")]
    for result, expected in zip(found, RESULTS, strict=True):
        assert result.image == expected.image
        assert result.purification.tolist() == expected.purification.tolist()
    assert (tmp_path / "a.jsonl").stat().st_size < 3 * 600


def test_two_processes_write_the_files_of_one(tmp_path, monkeypatch):
    for name, shares in (("one", [RESULTS]), ("two", [RESULTS[::2], RESULTS[1::2]])):
        tallies = [PurificationTally(NUM_CLASSES) for _ in shares]
        for tally, share in zip(tallies, shares, strict=True):
            for result in share:
                tally.add(result)
        gathered = [(tally.vector, tally.rows) for tally in tallies]
        monkeypatch.setattr(comm, "gather", lambda _, dst, gathered=gathered: gathered)
        tallies[0].gather().write(str(tmp_path / name), "title")
    for name in ("purification.csv", "redundancy.csv", "redundancy.png"):
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()
    with open(tmp_path / "one" / "purification.csv") as file:
        rows = list(csv.DictReader(file))
    assert [row["image"] for row in rows] == ["a.jpg", "b.jpg", "c.jpg"]
    assert {row["RP_recall"] for row in rows} == {"66.6667"}
    assert {row["mIoU"] for row in rows} == {"100.0000"}


def test_images_without_purification_write_nothing(tmp_path):
    tally = PurificationTally(NUM_CLASSES)
    tally.add(ImageResult(sparse_counts(np.eye(5, dtype=np.int64))))
    tally.write(str(tmp_path), "title")
    assert not list(tmp_path.iterdir())
    assert tally.metrics() == {}
