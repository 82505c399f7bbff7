"""FreeCPSegmentor: whole images against the released program, and Detectron2's contract."""

import functools
import itertools

import pytest
import torch

from freecp_d2 import FreeCPSegmentor
from freecp_d2.d2 import BACKBONE_REGISTRY, build_model
from freecp_d2.modeling.backbone import CLIPViT
from tests.helpers import parity
from tests.helpers.segmentors import parity_segmentor, photo, random_segmentor

FILES = ["e2e", "e2e_bkg"]
PATCH = 16


@functools.cache
def stored(name):
    return {key: torch.from_numpy(value) for key, value in parity.load(name).items()}


def num_background(name):
    return int(stored(name)["params"][0])


def segment(model, image, **size):
    """Scores or labels of one image."""
    return model([{"image": image, **size}])[0]["sem_seg"]


def inputs(name):
    return [{"image": stored(name)["image_uint8"].permute(2, 0, 1)}]


@functools.cache
def scores(name):
    return parity_segmentor(name)(inputs(name))[0]["sem_seg"]


@functools.cache
def diagnosis(name):
    return parity_segmentor(name).diagnose(inputs(name))[0]


def named(mask):
    return [f"class {k}" for k in mask.nonzero().flatten().tolist()]


class TestReleasedProgram:
    """See tests/parity/README.md; decisions are exact."""

    def test_scores(self):
        for name in FILES:
            volume = stored(name)["volume"].float()[num_background(name) :]
            offset = int(num_background(name) > 0)
            # The volume is stored in fp16: eleven bits of values up to 1 are 5e-4, twice for safety
            # where windows are averaged.
            torch.testing.assert_close(scores(name)[offset:], volume, rtol=0, atol=1e-3)
            if offset:
                torch.testing.assert_close(
                    scores(name)[0], 1 - volume.amax(dim=0), rtol=0, atol=1e-3
                )

    def test_labels(self):
        for name in FILES:
            close = stored(name)["pred_margin_lt_1e-4"]
            assert close.float().mean() < 1e-3
            wrong = (scores(name).argmax(dim=0) != stored(name)["pred"]) & ~close
            assert wrong.sum() == 0

    def test_windows(self):
        for name in FILES:
            windows = [(y0, x0, y1, x1) for x0, y0, x1, y1 in (d.window for d in diagnosis(name))]
            # Theirs are listed as y1, x1, y2, x2.
            assert windows == [tuple(row) for row in stored(name)["windows"].tolist()]

    def test_redundancy_groups_and_classes_that_are_left(self):
        for name in FILES:
            for window, d in enumerate(diagnosis(name)):
                expected = stored(name)["win_rp_score"][window]
                ours = torch.tensor([(d.kept | d.removed)[f"class {k}"] for k in range(12)])
                # A few roundings behind the whole encoder; margins of the decisions are above 3e-4.
                torch.testing.assert_close(ours, expected, rtol=0, atol=1e-5)
                assert set(d.kept) == set(named(stored(name)["win_rp_keep"][window]))
                component = stored(name)["win_group"][window]
                members = [named(component == c) for c in range(int(component.max()) + 1)]
                assert [g.classes for g in d.groups] == [group for group in members if group[1:]]
                assert d.visible == named(stored(name)["win_kept"][window])

    def test_crops_and_their_winners(self):
        for name in FILES:
            ours = set()
            for window, d in enumerate(diagnosis(name)):
                x, y = d.window[:2]
                for group in d.groups:
                    for contest in group.region_boxes:
                        x0, y0, x1, y1 = contest.box
                        box = [(x0 - x), (y0 - y), (x1 - x), (y1 - y)]
                        assert all(side % PATCH == 0 for side in box)
                        winner = int(contest.winner.removeprefix("class "))
                        ours.add((window, *(side // PATCH for side in box), winner))
            assert ours == {tuple(row) for row in stored(name)["crops"].tolist()}


IMAGES = [{"image": photo(*size)} for size in [(160, 208), (100, 150), (64, 112)]]


@functools.cache
def labels_of_each_image_alone():
    model = random_segmentor(20, elimination="region", return_label_map=True)
    return [model([image])[0]["sem_seg"] for image in IMAGES]


class TestBatches:
    """Neither the other images of a batch nor its size change the labels."""

    def test_labels_are_the_same(self):
        for window_batch_size, order in [(1, 1), (3, 1), (8, -1), (64, 1)]:
            model = random_segmentor(
                20,
                elimination="region",
                return_label_map=True,
                window_batch_size=window_batch_size,
            )
            outputs = model(IMAGES[::order])[::order]
            for output, expected in zip(outputs, labels_of_each_image_alone(), strict=True):
                # But for pixels on edges, which another batch size may round either way.
                assert (output["sem_seg"] != expected).float().mean() < 1e-3
                assert len(expected.unique()) > 2

    def test_diagnoses_belong_to_their_images(self):
        model = random_segmentor(20)
        together = model.diagnose(IMAGES)
        assert [len(windows) for windows in together] == [12, 6, 2]
        for image, windows in zip(IMAGES, together, strict=True):
            alone = model.diagnose([image])[0]
            assert [d.window for d in alone] == [d.window for d in windows]
            assert [list(d.kept) for d in alone] == [list(d.kept) for d in windows]
            assert [d.groups for d in alone] == [d.groups for d in windows]
            assert [d.visible for d in alone] == [d.visible for d in windows]

    def test_an_empty_batch(self):
        assert random_segmentor(3)([]) == []
        assert random_segmentor(3).diagnose([]) == []


class TestInputs:
    def test_float_and_uint8(self):
        model, image = random_segmentor(10), photo(96, 96).float()
        found = segment(model, image)
        assert torch.equal(found, segment(model, photo(96, 96)))
        assert torch.equal(image, photo(96, 96).float()), "the input is changed"

    def test_inside_autocast(self):
        """It is switched off: MODEL.PRECISION is the precision of the encoders."""
        for dtype in [torch.bfloat16, torch.float16]:
            model = random_segmentor(20)
            x = [{"image": photo(96, 128)}]
            expected = model(x)[0]["sem_seg"]
            with torch.autocast("cpu", dtype=dtype):
                found = model(x)[0]["sem_seg"]
            torch.testing.assert_close(found, expected, rtol=0, atol=1e-6)

    def test_a_model_that_was_cast_as_a_whole_says_so(self):
        for cast in ("half", "bfloat16", "double"):
            model = getattr(random_segmentor(3), cast)()
            with pytest.raises(ValueError, match=r"MODEL\.PRECISION fp16"):
                model([{"image": photo(96, 128)}])

    def test_size_of_the_output(self):
        for num_background in [0, 2]:
            for height, width in [(100, 50), (480, 640), (1, 1)]:
                size = {"height": height, "width": width}
                result = segment(random_segmentor(5, num_background), photo(96, 128), **size)
                assert result.shape == (5 + bool(num_background), height, width)
                model = random_segmentor(5, num_background, return_label_map=True)
                assert torch.equal(segment(model, photo(96, 128), **size), result.argmax(dim=0))


class TestWords:
    def test_any_number_on_images_of_any_size(self):
        sizes = [(1, 1), (1, 200), (15, 17), (16, 16), (95, 97), (113, 101), (96, 112)]
        for (num_classes, num_background), size in [
            *(((6, 1), size) for size in sizes),
            *((numbers, (96, 112)) for numbers in itertools.product([1, 2, 300], [0, 1, 40])),
        ]:
            result = segment(random_segmentor(num_classes, num_background), photo(*size))
            assert result.shape == (num_classes + bool(num_background), *size)
            assert result.isfinite().all()
            assert 0 <= result.min() <= result.max() <= 1


class TestBaseMethod:
    def test_is_the_activation_map_upsampled(self):
        model = random_segmentor(8, affinity_head=None, purification_head=None)
        image = photo(96, 96)
        result = segment(model, image)
        mean, std = torch.tensor(parity.PIXEL_MEAN), torch.tensor(parity.PIXEL_STD)
        pixels = (image - mean.view(3, 1, 1)) / std.view(3, 1, 1)
        with torch.no_grad():
            tokens = model.backbone(pixels[None])["patch_tokens"]
        cosine = torch.nn.functional.cosine_similarity(
            tokens, model.text_head.word_features[:, :, None, None], dim=1
        )
        cam = (100 * cosine).softmax(dim=0)
        expected = torch.nn.functional.interpolate(cam[None], size=(96, 96), mode="bilinear")[0]
        # Logits up to 100 carry roundings of 1e-5.
        torch.testing.assert_close(result, expected, rtol=0, atol=1e-4)
        torch.testing.assert_close(result.sum(dim=0), torch.ones(96, 96))


class TestRefusals:
    def test_diagnosis_of_the_base_method(self):
        model = random_segmentor(3, affinity_head=None, purification_head=None)
        with pytest.raises(ValueError, match=r"base method alone.*ClassPurification"):
            model.diagnose([{"image": photo(32, 32)}])

    def test_options(self):
        for options, message in [
            ({"affinity_head": None}, "both heads or neither"),
            ({"purification_head": None}, "both heads or neither"),
            ({"grid_rule": "mine"}, 'GRID="mine"'),
            ({"window_batch_size": 0}, "must be positive"),
            ({"crop_size": 15}, r"CROP_SIZE at least one patch \(16 pixels\)"),
            ({"window_stride": 97}, r"STRIDE 97 leaves gaps between windows of SIZE 96"),
        ]:
            with pytest.raises(ValueError, match=message):
                random_segmentor(3, **options)

    def test_an_oracle_without_heads(self, tiny_cfg):
        tiny_cfg.MODEL.PURIFICATION_HEAD.NAME = ""
        tiny_cfg.MODEL.PURIFICATION_HEAD.ORACLE = True
        with pytest.raises(ValueError, match=r"ORACLE=True.*or no oracle"):
            build_model(tiny_cfg)

    def test_background_words_with_maps_are_for_base_methods(self, tiny_cfg):
        tiny_cfg.MODEL.TEXT.BACKGROUND = "words"
        with pytest.raises(ValueError, match=r'BACKGROUND="words" is for base methods alone'):
            build_model(tiny_cfg)
        tiny_cfg.MODEL.PURIFICATION_HEAD.NAME = ""
        assert build_model(tiny_cfg).text_head.background == "words"


class ModelingTestsOwnCLIP(CLIPViT):
    """A CLIP backbone of another project: it loads its own weights and takes no `clip`."""

    def __init__(self, cfg, input_shape):
        super().__init__(**CLIPViT.from_config(cfg))


class TestConfig:
    def test_contract(self, tiny_cfg):
        model = build_model(tiny_cfg)
        assert isinstance(model, FreeCPSegmentor)
        model.eval()
        image = {"image": photo(64, 80), "height": 32, "width": 40, "file_name": "a.jpg"}
        first, second = model([image, {"image": photo(50, 33)}])
        assert first.keys() == second.keys() == {"sem_seg"}
        assert first["sem_seg"].shape == (4, 32, 40)
        assert second["sem_seg"].shape == (4, 50, 33)
        assert first["sem_seg"].dtype == torch.float32
        assert not first["sem_seg"].requires_grad
        assert model.text_head.output_names == ["background", "cat", "dog", "tree"]

    def test_keys(self, tiny_cfg):
        tiny_cfg.INPUT.FORMAT = "BGR"
        tiny_cfg.MODEL.SLIDING_WINDOW.SIZE = 40
        tiny_cfg.MODEL.SLIDING_WINDOW.STRIDE = 16
        tiny_cfg.MODEL.SLIDING_WINDOW.BATCH_SIZE = 3
        tiny_cfg.TEST.LABEL_MAP = True
        tiny_cfg.MODEL.PURIFICATION_HEAD.AMBIGUITY.CROP_SIZE = 24
        model = build_model(tiny_cfg)
        assert (model.window_size, model.window_stride, model.window_batch_size) == (40, 16, 3)
        assert (model.crop_size, model.pixels.input_format) == (24, "BGR")
        labels = segment(model, photo(64, 80))
        assert labels.shape == (64, 80)
        assert labels.dtype == torch.int64

    def test_one_checkpoint_with_its_pixel_statistics(self, tiny_cfg, monkeypatch):
        load, reads = torch.load, []
        monkeypatch.setattr(torch, "load", lambda *a, **kw: reads.append(a) or load(*a, **kw))
        model = build_model(tiny_cfg)
        assert len(reads) == 1
        expected = 255 * torch.tensor([0.48145466, 0.4578275, 0.40821073])
        torch.testing.assert_close(model.pixels.mean.flatten(), expected)
        assert not [key for key in model.state_dict() if key.startswith("pixels")]

    def test_half_precision(self, tiny_cfg):
        batch = [{"image": photo(64, 80)}]
        tiny_cfg.MODEL.PURIFICATION_HEAD.NAME = ""
        exact = build_model(tiny_cfg)(batch)[0]["sem_seg"]
        for precision in ("fp16", "bf16"):
            tiny_cfg.MODEL.PRECISION = precision
            half = build_model(tiny_cfg)(batch)[0]["sem_seg"]
            assert half.dtype == torch.float32
            # Random words have scores close to each other; most labels stay.
            assert (half.argmax(0) == exact.argmax(0)).float().mean() > 0.95

    def test_a_backbone_that_takes_no_loaded_clip(self, tiny_cfg, monkeypatch):
        batch = [{"image": photo(64, 80)}]
        expected = build_model(tiny_cfg)(batch)[0]["sem_seg"]
        monkeypatch.setitem(
            BACKBONE_REGISTRY._obj_map, "ModelingTestsOwnCLIP", ModelingTestsOwnCLIP
        )
        tiny_cfg.MODEL.BACKBONE.NAME = "ModelingTestsOwnCLIP"
        torch.testing.assert_close(build_model(tiny_cfg)(batch)[0]["sem_seg"], expected)
