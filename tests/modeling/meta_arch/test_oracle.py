"""The oracle of Tab. 1, from the label file to the labels: only classes that are there."""

import functools

import torch
from PIL import Image

from freecp_d2.d2 import build_model
from freecp_d2.data.mapper import FreeCPDatasetMapper
from freecp_d2.modeling.purification.class_purification import ClassPurification
from tests.helpers.segmentors import photo, random_segmentor, words

NUM_CLASSES = 20
IMAGES = [
    {"image": photo(160, 208), "classes": [1, 4, 7, 15]},
    {"image": photo(100, 150), "classes": [0, 4]},
    {"image": photo(64, 112), "classes": []},
]


def segmentor(num_background=0, **options):
    options = {"oracle": True, "elimination": "region"} | options
    return random_segmentor(NUM_CLASSES, num_background, **options)


@functools.cache
def scores():
    return [output["sem_seg"] for output in segmentor()(IMAGES)]


def visible(volume):
    return set(volume.flatten(1).any(dim=1).nonzero().flatten().tolist())


def test_no_other_class_has_a_score():
    found = [visible(volume) for volume in scores()]
    assert all(seen <= set(x["classes"]) for seen, x in zip(found, IMAGES, strict=True))
    assert all(found[:2]), "no score at all would prove nothing"


def test_it_is_the_model_that_was_given_only_those_words():
    for order in ["", "RP-AP"]:
        head = ClassPurification(order=order, redundancy_thresh=0.02, ambiguity_thresh=0.5)
        oracle = segmentor(purification_head=head)
        for x in IMAGES[:2]:
            chosen = x["classes"]
            few = segmentor(oracle=False, purification_head=head)
            features = few.text_head.word_features[chosen], few.text_head.class_features[chosen]
            few.text_head.vocabulary = words(len(chosen))
            few.text_head.set_features(*features)
            (expected,) = few([x])
            (found,) = oracle([x])
            assert expected["sem_seg"].any()
            torch.testing.assert_close(
                found["sem_seg"][chosen], expected["sem_seg"], rtol=0, atol=1e-5
            )


def test_background_is_output_0_and_needs_no_permission():
    model = segmentor(2)
    volume = model([{"image": photo(64, 112), "classes": []}])[0]["sem_seg"]
    assert torch.equal(volume[0], torch.ones(64, 112))
    assert not volume[1:].any()
    inputs = [{"image": photo(100, 150), "classes": [0, 3, 9, 12]}]
    volume = model(inputs)[0]["sem_seg"]
    assert volume.shape == (1 + NUM_CLASSES, 100, 150)
    assert visible(volume) - {0}
    assert visible(volume) <= {0, 3, 9, 12}
    named = {name for window in model.diagnose(inputs)[0] for name in window.kept}
    assert named <= {"class 2", "class 8", "class 11"}


def test_from_the_label_file_to_the_labels(tiny_cfg, tmp_path):
    """Background is label 0 of the files, as it is channel 0 of the output."""
    node = tiny_cfg.MODEL.PURIFICATION_HEAD
    node.ORACLE, node.REDUNDANCY.ENABLED, node.AMBIGUITY.ENABLED = True, False, False
    image = photo(64, 80)
    labels = torch.full((64, 80), 255, dtype=torch.uint8)
    labels[:32], labels[32:40] = 0, 2
    for name, array in (("a.png", image.permute(1, 2, 0)), ("b.png", labels)):
        Image.fromarray(array.numpy()).save(tmp_path / name)
    record = {"file_name": str(tmp_path / "a.png"), "sem_seg_file_name": str(tmp_path / "b.png")}
    inputs = FreeCPDatasetMapper(tiny_cfg)(record)
    assert inputs["classes"] == [0, 2]
    model = build_model(tiny_cfg).eval()
    assert model.text_head.output_names == ["background", "cat", "dog", "tree"]
    assert visible(model([inputs])[0]["sem_seg"]) == {0, 2}
