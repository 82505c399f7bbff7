"""PurifiedSegmentor around SAM3Segmentor: its features, its presence, its words, one pass."""

import numpy as np
import pytest
import torch
from PIL import Image

from freecp_d2 import load_vocabulary
from freecp_d2.apps.segment.command import main
from freecp_d2.d2 import build_model
from freecp_d2.modeling.affinity import FeatureAffinity
from freecp_d2.modeling.affinity.encoder import cosine_affinity
from freecp_d2.modeling.purification.crop_classifier import elect_by_score
from tests.helpers.random_sam3 import save_sam3
from tests.helpers.segmentors import photo
from tests.helpers.wrapped import GivenScores


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return save_sam3(tmp_path_factory.mktemp("sam3"))


@pytest.fixture
def cfg(tiny_cfg, folder):
    tiny_cfg.MODEL.META_ARCHITECTURE = "PurifiedSegmentor"
    tiny_cfg.MODEL.PURIFIED.META_ARCHITECTURE = "SAM3Segmentor"
    tiny_cfg.MODEL.PURIFIED.SCORES = "probabilities"
    tiny_cfg.MODEL.PURIFIED.WINNER = "score"
    tiny_cfg.MODEL.PURIFIED.SIZE, tiny_cfg.MODEL.PURIFIED.STRIDE = 112, 14
    tiny_cfg.MODEL.SLIDING_WINDOW.SIZE = tiny_cfg.MODEL.SLIDING_WINDOW.STRIDE = 2048
    tiny_cfg.MODEL.SAM3.PRETRAINED = str(folder)
    tiny_cfg.MODEL.AFFINITY_HEAD.NAME = "FeatureAffinity"
    return tiny_cfg


def test_one_pass_and_no_second_encoder(cfg, monkeypatch):
    model, calls = build_model(cfg).eval(), []
    encoder = model.wrapped.sam3.model.vision_encoder
    encode = encoder.forward
    monkeypatch.setattr(encoder, "forward", lambda *a, **o: calls.append(1) or encode(*a, **o))
    inputs = [{"image": photo(80, 120), "height": 40, "width": 60}, {"image": photo(64, 64)}]
    outputs = model(inputs)
    assert len(calls) == 2
    assert model.purifier.view.clip is None
    assert not list(model.purifier.parameters())
    plain = model.wrapped(inputs)
    for output, own in zip(outputs, plain, strict=True):
        same = (output["sem_seg"] - own["sem_seg"]).abs() < 1e-5
        assert (same | (output["sem_seg"] == 0)).all()


def test_the_affinity_is_that_of_the_features(cfg, monkeypatch):
    seen = []
    monkeypatch.setattr(
        FeatureAffinity,
        "affinity",
        lambda self, images, features: (
            seen.append(features["patch_tokens"]) or cosine_affinity(features["patch_tokens"])
        ),
    )
    model, inputs = build_model(cfg).eval(), [{"image": photo(112, 112)}]
    model(inputs)
    (features,) = (output["features"] for output in model.wrapped(inputs))
    torch.testing.assert_close(seen[0][0], features, atol=1e-5, rtol=0)


def test_presence_decides(cfg):
    """At a threshold between the presences of two words, one of them is left."""
    cfg.MODEL.PURIFICATION_HEAD.NAME = "PresenceThreshold"
    cfg.MODEL.TEXT.BACKGROUND = "distractor"
    inputs = [{"image": photo(80, 120)}]
    model = build_model(cfg).eval()
    presence = model.wrapped(inputs)[0]["presence"].sort(descending=True)
    model.purification_head.thresh = float(presence.values[:2].mean())
    (windows,) = model.diagnose(inputs)
    best = model.text_head.output_names[int(presence.indices[0])]
    assert [list(window.kept) for window in windows] == [[best]]


def test_the_winner_has_the_highest_mean_in_the_box():
    maps = torch.tensor([[[0.9, 0.1], [0.1, 0.1]], [[0.4, 0.4], [0.4, 0.4]], [[1.0, 1.0]] * 2])
    boxes = torch.tensor([[0, 0, 1, 1], [0, 0, 2, 2]])
    candidates = torch.tensor([[True, True, False]] * 2)
    winners = elect_by_score(maps[None])(torch.zeros(2, dtype=torch.long), boxes, candidates)
    assert winners.tolist() == [0, 1]


def test_features_of_a_model_that_has_none(cfg):
    cfg.MODEL.PURIFIED.META_ARCHITECTURE = GivenScores.__name__
    model = build_model(cfg).eval()
    scores = torch.rand(4, 16, 16)
    with pytest.raises(ValueError, match=r"FeatureAffinity.*features"):
        model([{"image": photo(64, 64), "scores": scores}])


def test_cues_of_a_wrong_shape(cfg, monkeypatch):
    model = build_model(cfg).eval()
    forward = model.wrapped.forward
    monkeypatch.setattr(
        model.wrapped, "forward", lambda x: [{**o, "presence": torch.ones(7)} for o in forward(x)]
    )
    with pytest.raises(ValueError, match=r"presence.*\(7,\).*4 channels"):
        model([{"image": photo(64, 64)}])
    monkeypatch.setattr(
        model.wrapped,
        "forward",
        lambda x: [forward(x[:1])[0], forward(x[1:])[0] | {"features": None}],
    )
    with pytest.raises(ValueError, match=r"features.*all images or of none"):
        model([{"image": photo(64, 64)}, {"image": photo(64, 64)}])


def test_segment_command_runs_on_it(cfg, tmp_path):
    Image.fromarray(photo(60, 90).permute(1, 2, 0).byte().numpy()).save(tmp_path / "photo.png")
    cfg.DATASETS.TEST, cfg.VERSION = (), 2
    (tmp_path / "sam3.yaml").write_text(cfg.dump())
    arguments = ["--config", str(tmp_path / "sam3.yaml"), "--input", str(tmp_path / "photo.png")]
    arguments += ["--output", str(tmp_path / "out"), "--vocabulary", "red car; tree; tall, high"]
    assert main(arguments) == 0
    with Image.open(tmp_path / "out" / "photo_labels.png") as found:
        assert np.array(found).shape == (60, 90)


def test_new_words(cfg):
    model = build_model(cfg).eval()
    model.set_vocabulary(load_vocabulary("background: sky; red; blue; green; grey"))
    assert model([{"image": photo(64, 64)}])[0]["sem_seg"].shape == (5, 64, 64)
    assert model.text_head.output_names[1:] == ["red", "blue", "green", "grey"]
    model.wrapped.set_vocabulary(load_vocabulary("red; blue"))  # as by `Predictor.alone()`
    [windows] = model.diagnose([{"image": photo(64, 64)}])
    assert {word for w in windows for word in (*w.kept, *w.removed)} <= {"red", "blue"}
