"""The decisions that a model returns for an evaluator, and labels with an oracle in their place."""

import numpy as np
import pytest
import torch

from freecp_d2.evaluation.purification import TruthInBoxes
from freecp_d2.modeling.purification.class_purification import ClassPurification
from tests.helpers.segmentors import photo, random_segmentor

NUM_CLASSES = 20
IMAGES = [{"image": photo(160, 208), "height": 80, "width": 104}, {"image": photo(96, 150)}]
SIZES = [(160, 208), (96, 150)]


def model(num_background=0, order="RP-AP", **options):
    head = ClassPurification(order=order, redundancy_thresh=0.05, ambiguity_thresh=0.5)
    found = random_segmentor(
        NUM_CLASSES, num_background, purification_head=head, return_label_map=True, **options
    )
    found.return_decisions = True
    return found


@pytest.fixture(scope="module")
def outputs():
    return model()(IMAGES)


def random_truth(size, seed=0, num_classes=NUM_CLASSES):
    rng = np.random.default_rng(seed)
    blocks = rng.integers(0, num_classes, (4, 4))
    labels = np.kron(blocks, np.ones((25, 30), np.int64))
    return TruthInBoxes(labels, size, range(num_classes))


def test_only_on_request_and_only_with_a_head(outputs):
    assert all(set(output) == {"sem_seg", "purification"} for output in outputs)
    silent = model()
    silent.return_decisions = False
    assert all(set(output) == {"sem_seg"} for output in silent(IMAGES))
    silent.affinity_head = silent.purification_head = None
    silent.return_decisions = True
    assert all(set(output) == {"sem_seg"} for output in silent(IMAGES))


def test_they_are_the_diagnosis_in_numbers(outputs):
    for output, windows in zip(outputs, model().diagnose(IMAGES), strict=True):
        arrays = output["purification"].read()
        assert [tuple(w) for w in arrays.windows.tolist()] == [w.window for w in windows]
        for keep, window in zip(arrays.keep, windows, strict=True):
            assert {f"class {k}" for k in np.flatnonzero(keep)} == set(window.kept)
        boxes = [box for w in windows for group in w.groups for box in group.region_boxes]
        assert len(boxes) >= 4
        assert [tuple(box) for box in arrays.boxes.tolist()] == [box.box for box in boxes]
        assert [f"class {k}" for k in arrays.winners] == [box.winner for box in boxes]
        groups = [set(g.classes) for w in windows for g in w.groups for _ in g.region_boxes]
        assert [{f"class {k}" for k in np.flatnonzero(m)} for m in arrays.members] == groups


def test_an_oracle_that_decides_like_the_method_changes_nothing(outputs):
    for output, size in zip(outputs, SIZES, strict=True):
        decisions = output["purification"]
        arrays = decisions.read()
        assert decisions.size == size
        assert torch.equal(decisions.decide_with(random_truth(size), ()), output["sem_seg"])

        def kept(boxes, arrays=arrays):
            where = {
                tuple(box): keep for box, keep in zip(arrays.windows, arrays.keep, strict=True)
            }
            return np.array([where[tuple(box)] for box in boxes]).astype(np.int64)

        winners = iter(arrays.winners)  # batch by batch

        def elected(boxes, winners=winners):
            own = [next(winners) for _ in boxes]
            return np.eye(NUM_CLASSES, dtype=np.int64)[own]

        assert torch.equal(decisions.decide_with(kept, ("RP",)), output["sem_seg"])
        assert torch.equal(decisions.decide_with(elected, ("AP",)), output["sem_seg"])


def test_the_oracle_of_rp_keeps_the_words_of_the_window(outputs):
    truth = random_truth(SIZES[0])
    labels = outputs[0]["purification"].decide_with(truth, ("RP", "AP"))
    assert labels.shape == outputs[0]["sem_seg"].shape == (80, 104)
    present = truth(np.array([[0, 0, 208, 160]]))[0] > 0
    assert present[labels.unique().numpy()].all()
    assert not torch.equal(labels, outputs[0]["sem_seg"])


def test_nothing_is_present(outputs):
    truth = TruthInBoxes(np.full((4, 4), NUM_CLASSES), SIZES[0], range(NUM_CLASSES))
    decisions = outputs[0]["purification"]
    assert not decisions.decide_with(truth, ("RP",)).any(), "no word is left: class 0"
    assert torch.equal(decisions.decide_with(truth, ("AP",)), outputs[0]["sem_seg"])


def test_steps_and_channels():
    for order, steps in (("RP-AP", ("RP", "AP")), ("AP-RP", ("RP", "AP")), ("RP", ("RP",))):
        (output,) = model(2, order=order)(IMAGES[:1])
        assert output["purification"].steps == steps
    assert list(output["purification"].channels) == list(range(1, NUM_CLASSES + 1))
    (output,) = model(order="")(IMAGES[:1])
    assert output["purification"].steps == ()


def test_ap_before_rp_keeps_its_order():
    (output,) = model(order="AP-RP")(IMAGES[:1])
    decisions = output["purification"]
    everything = TruthInBoxes(np.arange(NUM_CLASSES)[None], (1, 1), range(NUM_CLASSES))

    def all_present(boxes):
        return everything(np.tile([[0, 0, 1, 1]], (len(boxes), 1)))

    (expected,) = model(order="AP")(IMAGES[:1])
    assert torch.equal(decisions.decide_with(all_present, ("RP",)), expected["sem_seg"])
