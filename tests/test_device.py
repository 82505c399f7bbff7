"""
Models on a device that is not the CPU: which tensors are where, and how often the host waits.

Each run is compared with the CPU's. `WAITS` is what a GPU is worth: between two waits it works
without the host.
"""

import functools

import clip
import numpy as np
import pytest
import torch
from PIL import Image

from freecp_d2 import Predictor, PurifiedSegmentor
from freecp_d2.d2 import DatasetCatalog, MetadataCatalog, build_model
from freecp_d2.evaluation import FreeCPSemSegEvaluator
from freecp_d2.modeling.backbone.dense_attention import DENSE_ATTENTION_REGISTRY
from freecp_d2.modeling.purification import class_purification
from freecp_d2.text.classifier import TextClassifier
from freecp_d2.text.text_encoder import TextEncoder
from tests.helpers.pretended_device import Pretended, pretended_device, to_pretended
from tests.helpers.random_affinity import OWN_ENCODERS, random_sam2, use_source
from tests.helpers.random_clip import random_clip
from tests.helpers.random_sam3 import save_sam3
from tests.helpers.random_tips import save_tips
from tests.helpers.segmentors import photo, random_segmentor, words
from tests.helpers.wrapped import GivenScores

WAITS = 3
"""The most waits a batch of windows: boxes of Eq. (3), survivors, decisions."""

IMAGE_HEADS = ("ImageClassPurification", "PresenceThreshold", "PresenceShare", "BestProbability")

IMAGES = [{"image": photo(144, 160)}, {"image": photo(100, 150)}]
"""With windows of 96 at stride 48: 6 and 6 windows, all of one size."""
SMALL = [{"image": photo(72, 80)}]
"""With windows of 48 at stride 24: 6 windows."""


def segmentor(**options):
    """Words of which some survive and some form groups."""
    return random_segmentor(12, 1, redundancy=0.01, ambiguity=0.3, **options)


def compare(build, inputs, atol=1e-4, *, float64=True):
    """Outputs on the device equal those on the CPU; returns what was counted."""
    expected = [x["sem_seg"] for x in build()(inputs)]
    model = build()
    with pretended_device(float64=float64) as counts:
        found = [x["sem_seg"] for x in to_pretended(model)(inputs)]
    for ours, cpu in zip(found, expected, strict=True):
        assert isinstance(ours, Pretended)
        if cpu.is_floating_point():
            torch.testing.assert_close(ours.data_on_cpu, cpu, rtol=0, atol=atol)
        else:
            assert (ours.data_on_cpu == cpu).float().mean() > 0.999  # ties may differ
    return counts


def num_waits(counts):
    return sum(counts.waits.values())


METHODS = sorted(name.lower() for name, _ in DENSE_ATTENTION_REGISTRY)


def test_base_methods(tiny_cfg, tmp_path):
    """A base method alone has one wait a batch, and one an image if it takes words one by one."""
    tiny_cfg.MODEL.CLIP.PROXYCLIP.PROXY = "DINOAffinity"
    use_source(tiny_cfg, "DINOAffinity", tmp_path)
    tiny_cfg.MODEL.AFFINITY_HEAD.NAME = "CLIPAttentionAffinity"
    purified = tiny_cfg.MODEL.PURIFICATION_HEAD.NAME
    for method, head, waits in (
        *((method, "", 1) for method in METHODS),
        ("sclip", purified, WAITS),
    ):
        tiny_cfg.MODEL.CLIP.DENSE_ATTENTION = method
        tiny_cfg.MODEL.PURIFICATION_HEAD.NAME = head
        counts = compare(lambda: build_model(tiny_cfg).eval(), SMALL, float64=False)
        assert 1 <= num_waits(counts) <= waits, method


@pytest.mark.parametrize("elimination", ["region", "window"])
def test_purification_without_float64(elimination):
    """As Apple's `mps`; labels instead of scores, an oracle, batches of windows."""
    build = functools.partial(segmentor, elimination=elimination, window_batch_size=6)
    counts = compare(build, IMAGES, float64=False)
    assert num_waits(counts) <= 2 * WAITS
    in_windows = {line: n for line, n in counts.copies.items() if "windows.py" in line}
    assert in_windows
    assert all(n == len(IMAGES) for n in in_windows.values()), "a copy for each window"
    compare(functools.partial(build, return_label_map=True), IMAGES, float64=False)
    inputs = [{**x, "classes": [0, 2, 5, 7]} for x in IMAGES]
    compare(functools.partial(build, oracle=True), inputs, float64=False)


def test_more_survivors_than_there_is_room_for(monkeypatch):
    """One wait more for each of the two batches."""
    monkeypatch.setattr(class_purification, "_ROOM", 2)
    build = functools.partial(segmentor, window_batch_size=6)
    assert num_waits(compare(build, IMAGES)) == 2 * (WAITS + 1)


def test_one_word_survives_in_each_window():
    compare(lambda: random_segmentor(12, 1, redundancy=0.97, ambiguity=0.3), IMAGES, float64=False)


def compare_purified(cfg):
    """A wrapped model whose scores are given, see `compare`."""
    cfg.MODEL.META_ARCHITECTURE = "PurifiedSegmentor"
    cfg.MODEL.PURIFIED.META_ARCHITECTURE = "GivenScores"
    cfg.MODEL.PURIFIED.SCORES, cfg.MODEL.PURIFIED.CLIP = "probabilities", "CLIPViT"
    scores = torch.rand(4, 72, 80, generator=torch.Generator().manual_seed(0)).softmax(dim=0)
    build = functools.partial(PurifiedSegmentor, cfg, wrapped=GivenScores())
    return compare(lambda: build().eval(), [{**SMALL[0], "scores": scores}], float64=False)


def test_an_image_head_on_another_model(tiny_cfg):
    tiny_cfg.MODEL.PURIFICATION_HEAD.NAME = "ImageClassPurification"
    tiny_cfg.MODEL.PURIFICATION_HEAD.AMBIGUITY.ELIMINATION = "window"
    tiny_cfg.MODEL.PURIFICATION_HEAD.AMBIGUITY.THRESH = 0.1
    compare_purified(tiny_cfg)


def test_purified_segmentor(tiny_cfg):
    """One wait more for each image, for the check of the other model's scores."""
    tiny_cfg.MODEL.PURIFIED.SIZE = 96
    tiny_cfg.MODEL.PURIFICATION_HEAD.AMBIGUITY.THRESH = 0.3
    tiny_cfg.MODEL.SLIDING_WINDOW.BATCH_SIZE = 16
    assert num_waits(compare_purified(tiny_cfg)) <= WAITS + 1


def _sam2(cfg, folder):
    random_sam2().save_pretrained(folder)
    cfg.MODEL.AFFINITY_HEAD.NAME = "TransformersAffinity"
    cfg.MODEL.AFFINITY_HEAD.TRANSFORMERS.PRETRAINED = str(folder)


def _automatic(cfg, folder):
    cfg.MODEL.PURIFICATION_HEAD.REDUNDANCY.MODE = "auto"
    cfg.MODEL.PURIFICATION_HEAD.AMBIGUITY.MODE = "auto"


def _tips(cfg, folder):
    node, cfg.MODEL.BACKBONE.NAME = cfg.MODEL.CLIP, "TIPSViT"
    node.LIBRARY, node.ARCH, node.PRETRAINED = "transformers", "tipsv2", str(save_tips(folder))
    node.DENSE_ATTENTION, node.DENSE_PRESET = "maskclip", "original"
    cfg.MODEL.TEXT.TEMPLATES = "tcl"


def _sam3(cfg, folder):
    cfg.MODEL.META_ARCHITECTURE = "SAM3Segmentor"
    cfg.MODEL.SAM3.PRETRAINED = str(save_sam3(folder))


def _sam3_freecp(cfg, folder):
    _sam3(cfg, folder)
    cfg.MODEL.PURIFIED.META_ARCHITECTURE, cfg.MODEL.META_ARCHITECTURE = (
        "SAM3Segmentor",
        "PurifiedSegmentor",
    )
    cfg.MODEL.PURIFIED.SCORES, cfg.MODEL.PURIFIED.WINNER = "probabilities", "score"
    cfg.MODEL.PURIFIED.SIZE, cfg.MODEL.PURIFIED.STRIDE = 112, 14
    cfg.MODEL.SLIDING_WINDOW.SIZE = cfg.MODEL.SLIDING_WINDOW.STRIDE = 4096
    cfg.MODEL.AFFINITY_HEAD.NAME = "FeatureAffinity"


def _image_head(name):
    def use(cfg, folder):
        cfg.MODEL.PURIFICATION_HEAD.NAME = name

    return use


MODELS = {
    **{name: (functools.partial(use_source, name=name), WAITS) for name in OWN_ENCODERS},
    "TransformersAffinity": (_sam2, WAITS),
    "automatic thresholds": (_automatic, WAITS),
    "TIPSViT": (_tips, WAITS),
    # Two for each batch of windows, then two for each image.
    **{name: (_image_head(name), 4) for name in IMAGE_HEADS},
    "SAM3Segmentor": (_sam3, 1),  # for all words
    "SAM3Segmentor + FreeCP": (_sam3_freecp, 1 + WAITS),
}
"""Name -> what makes a config of the base method one of it, and the most waits."""


@pytest.mark.parametrize("name", MODELS)
def test_waits(tiny_cfg, tmp_path, name):
    prepare, waits = MODELS[name]
    prepare(tiny_cfg, folder=tmp_path)
    counts = compare(lambda: build_model(tiny_cfg).eval(), SMALL, float64=False)
    assert num_waits(counts) <= waits


def test_predictor(tiny_cfg):
    """Two waits more for each image, for its labels and its scores; the reasons need none."""
    tiny_cfg.INPUT.MIN_SIZE_TEST = 72
    predictor = Predictor.from_config(tiny_cfg)
    image = SMALL[0]["image"].permute(1, 2, 0).numpy()
    expected = predictor(image, "RGB")
    with pretended_device(float64=False) as counts:
        to_pretended(predictor.model)
        found = predictor(image, "RGB")
    assert (found.label_map == expected.label_map).mean() > 0.999
    assert found.windows[0].groups == expected.windows[0].groups
    assert num_waits(counts) <= WAITS + 2


def test_evaluation(tmp_path):
    """Scores and labels, one wait an image."""
    labels = np.arange(20, dtype=np.uint8).reshape(4, 5) % 3
    record = {"file_name": "a.png", "sem_seg_file_name": str(tmp_path / "a.png")}
    Image.fromarray(labels).save(record["sem_seg_file_name"])
    DatasetCatalog.register("device_test", lambda: [record])
    MetadataCatalog.get("device_test").set(stuff_classes=["a", "b", "c"], ignore_label=255)
    evaluator = FreeCPSemSegEvaluator("device_test", distributed=False)
    scores = torch.nn.functional.one_hot(torch.from_numpy(labels).long(), 3).permute(2, 0, 1)
    for output in (scores.float(), torch.from_numpy(labels).long()):
        evaluator.reset()
        with pretended_device(float64=False) as counts:
            evaluator.process([record], [{"sem_seg": Pretended(output)}])
        assert evaluator.evaluate()["sem_seg"]["mIoU"] == 100
        assert num_waits(counts) == 1


def test_text_classifier(tmp_path):
    """One wait a batch of prompts; 12 words with 2 templates each."""
    vocabulary, templates = words(12), ("a photo of a {}.", "a drawing of a {}.")
    options = {"batch_size": 8, "show_progress": False}

    def classifier(name):
        encoder = TextEncoder(random_clip(), clip.tokenize)
        return TextClassifier(encoder, templates, cache_dir=tmp_path / name, **options)

    expected = classifier("cpu").word_features(vocabulary)
    ours = classifier("device")
    with pretended_device(float64=False) as counts:
        to_pretended(ours.encoder)
        assert ours.encoder.digest  # once a model: it reads the weights
        before = num_waits(counts)
        found = ours.word_features(vocabulary)
    torch.testing.assert_close(found.data_on_cpu, expected, rtol=0, atol=1e-5)
    assert num_waits(counts) - before == 3


class TestPretendedDevice:
    def test_mixed_devices_are_refused(self):
        with pretended_device():
            on_device = Pretended(torch.ones(3))
            assert on_device.device == torch.device("cuda:0")
            with pytest.raises(RuntimeError, match="two devices"):
                on_device + torch.ones(3)
            assert (on_device + torch.ones(())).data_on_cpu.tolist() == [2, 2, 2]

    def test_float64_can_be_missing(self):
        with pretended_device(float64=False):
            on_device = Pretended(torch.ones(3))
            for make in (on_device.double, lambda: on_device.new_ones(2, dtype=torch.float64)):
                with pytest.raises(TypeError, match="float64"):
                    make()

    def test_waits_and_copies_are_counted(self):
        with pretended_device() as counts:
            x = Pretended(torch.tensor([0.0, 1.0, 2.0]))
            for wait in (x.cpu, x.nonzero, x.tolist, lambda: x[x > 0], lambda: bool(x.sum() > 0)):
                before = num_waits(counts)
                wait()
                assert num_waits(counts) == before + 1
            assert not counts.copies
            torch.ones(3).to(x.device)
            x[[0, 2]]
            assert sum(counts.copies.values()) == 2
            with pytest.raises(TypeError, match="cpu"):
                x.numpy()
