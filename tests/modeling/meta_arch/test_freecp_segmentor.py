"""FreeCPSegmentor: whole images against the released program, and Detectron2's contract."""

import functools

import pytest
import torch

from freecp_d2 import FreeCPSegmentor
from freecp_d2.d2 import BACKBONE_REGISTRY, Backbone, ShapeSpec, build_model
from freecp_d2.modeling.affinity import CLIPAttentionAffinity
from freecp_d2.modeling.backbone import CLIPViT
from freecp_d2.text import Vocabulary
from tests.helpers import parity
from tests.helpers.segmentors import parity_segmentor, photo, random_segmentor

FILES = ["e2e", "e2e_bkg"]
PATCH = 16


@functools.cache
def stored(name):
    return {key: torch.from_numpy(value) for key, value in parity.load(name).items()}


def num_background(name):
    return int(stored(name)["params"][0])


def inputs(name):
    return [{"image": stored(name)["image_uint8"].permute(2, 0, 1)}]


@functools.cache
def scores(name):
    return parity_segmentor(name)(inputs(name))[0]["sem_seg"]


@functools.cache
def diagnosis(name):
    return parity_segmentor(name).diagnose(inputs(name))[0]


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

    def test_label_map_is_the_argmax(self):
        for name in FILES:
            labels = parity_segmentor(name, return_label_map=True)(inputs(name))[0]["sem_seg"]
            assert labels.dtype == torch.int64
            assert torch.equal(labels, scores(name).argmax(dim=0))

    def test_windows(self):
        for name in FILES:
            windows = [(y0, x0, y1, x1) for x0, y0, x1, y1 in (d.window for d in diagnosis(name))]
            # Theirs are listed as y1, x1, y2, x2.
            assert windows == [tuple(row) for row in stored(name)["windows"].tolist()]

    def test_redundancy(self):
        for name in FILES:
            for window, d in enumerate(diagnosis(name)):
                expected = stored(name)["win_rp_score"][window]
                ours = torch.tensor([(d.kept | d.removed)[f"class {k}"] for k in range(12)])
                # A few roundings behind the whole encoder; margins of the decisions are above 3e-4.
                torch.testing.assert_close(ours, expected, rtol=0, atol=1e-5)
                keep = stored(name)["win_rp_keep"][window]
                assert set(d.kept) == {f"class {k}" for k in keep.nonzero().flatten().tolist()}

    def test_groups(self):
        for name in FILES:
            for window, d in enumerate(diagnosis(name)):
                component = stored(name)["win_group"][window]
                members = [
                    (component == c).nonzero().flatten().tolist()
                    for c in range(int(component.max()) + 1)
                ]
                expected = [[f"class {k}" for k in group] for group in members if len(group) > 1]
                assert [group.classes for group in d.groups] == expected

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

    def test_classes_that_are_left(self):
        for name in FILES:
            for window, d in enumerate(diagnosis(name)):
                kept = stored(name)["win_kept"][window].nonzero().flatten().tolist()
                assert d.visible == [f"class {k}" for k in kept]


IMAGES = [{"image": photo(*size)} for size in [(160, 208), (100, 150), (64, 112)]]


@functools.cache
def labels_of_each_image_alone():
    model = random_segmentor(20, elimination="region", return_label_map=True)
    return [model([image])[0]["sem_seg"] for image in IMAGES]


def same_labels(a, b):
    """But for pixels on edges, which another batch size may round either way."""
    return (a != b).float().mean() < 1e-3


class TestBatches:
    """Neither the other images of a batch nor its size change the labels."""

    def test_labels_are_the_same(self):
        for window_batch_size in [1, 3, 8, 64]:
            model = random_segmentor(
                20,
                elimination="region",
                return_label_map=True,
                window_batch_size=window_batch_size,
            )
            for output, expected in zip(model(IMAGES), labels_of_each_image_alone(), strict=True):
                assert same_labels(output["sem_seg"], expected)

    def test_order_of_the_images(self):
        model = random_segmentor(20, elimination="region", return_label_map=True)
        back = [output["sem_seg"] for output in model(IMAGES[::-1])][::-1]
        for labels, expected in zip(back, labels_of_each_image_alone(), strict=True):
            assert same_labels(labels, expected)

    def test_the_images_exercise_every_step(self):
        assert all(len(labels.unique()) > 2 for labels in labels_of_each_image_alone())
        for windows in random_segmentor(20, elimination="region").diagnose(IMAGES):
            assert any(d.removed for d in windows)
            assert any(group.region_boxes for d in windows for group in d.groups)

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
    def test_channel_order(self):
        rgb = random_segmentor(10)([{"image": photo(96, 96)}])[0]["sem_seg"]
        bgr_model = random_segmentor(10, input_format="BGR")
        bgr = bgr_model([{"image": photo(96, 96).flip(0)}])[0]["sem_seg"]
        torch.testing.assert_close(bgr, rgb)
        assert not torch.allclose(bgr_model([{"image": photo(96, 96)}])[0]["sem_seg"], rgb)

    def test_float_and_uint8(self):
        model = random_segmentor(10)
        a = model([{"image": photo(96, 96)}])[0]["sem_seg"]
        b = model([{"image": photo(96, 96).float()}])[0]["sem_seg"]
        assert torch.equal(a, b)

    def test_affinity_heads_see_rgb_pixels(self, monkeypatch):
        seen = []
        own = CLIPAttentionAffinity.affinity
        monkeypatch.setattr(
            CLIPAttentionAffinity,
            "affinity",
            lambda head, images, features: seen.append(images) or own(head, images, features),
        )
        image = photo(96, 96)
        for order, given in (("RGB", image), ("BGR", image.flip(0))):
            random_segmentor(3, input_format=order)([{"image": given}])
            torch.testing.assert_close(seen[-1][0], image.float(), rtol=0, atol=1e-4)

    def test_inside_autocast(self):
        """Encoders run in it, which costs some digits; equations do not."""
        for dtype in [torch.bfloat16, torch.float16]:
            model = random_segmentor(20)
            x = [{"image": photo(96, 128)}]
            expected = model(x)[0]["sem_seg"]
            with torch.autocast("cpu", dtype=dtype):
                found = model(x)[0]["sem_seg"]
            assert found.dtype == torch.float32
            agree = found.argmax(dim=0) == expected.argmax(dim=0)
            assert agree.float().mean() > 0.9

    def test_the_input_is_not_changed(self):
        image = photo(96, 96).float()
        before = image.clone()
        random_segmentor(3)([{"image": image}])
        assert torch.equal(image, before)

    def test_size_of_the_output(self):
        for num_background in [0, 2]:
            for size in [(100, 50), (480, 640), (1, 1)]:
                batch = [{"image": photo(96, 128), "height": size[0], "width": size[1]}]
                result = random_segmentor(5, num_background)(batch)[0]["sem_seg"]
                assert result.shape == (5 + bool(num_background), *size)
                labels = random_segmentor(5, num_background, return_label_map=True)(batch)[0][
                    "sem_seg"
                ]
                assert torch.equal(labels, result.argmax(dim=0))

    def test_any_size(self):
        for size in [(1, 1), (1, 200), (15, 17), (16, 16), (95, 97), (113, 101)]:
            model = random_segmentor(6, num_background=1)
            result = model([{"image": photo(*size)}])[0]["sem_seg"]
            assert result.shape == (7, *size)
            assert result.isfinite().all()
            assert 0 <= result.min() <= result.max() <= 1

    def test_an_image_of_one_colour(self):
        for value in [0, 128, 255]:
            image = torch.full((3, 100, 120), value, dtype=torch.uint8)
            for elimination in ("region", "window"):
                model = random_segmentor(6, elimination=elimination)
                assert model([{"image": image}])[0]["sem_seg"].isfinite().all()


class TestWords:
    def test_any_number(self):
        for num_classes in [1, 2, 300]:
            for num_background in [0, 1, 40]:
                model = random_segmentor(num_classes, num_background)
                result = model([{"image": photo(96, 112)}])[0]["sem_seg"]
                assert result.shape == (num_classes + bool(num_background), 96, 112)
                assert result.isfinite().all()
                assert 0 <= result.min() <= result.max() <= 1

    def test_one_word_has_all_the_probability(self):
        model = random_segmentor(1, affinity_head=None, purification_head=None)
        result = model([{"image": photo(96, 112)}])[0]["sem_seg"]
        torch.testing.assert_close(result, torch.ones(1, 96, 112))

    def test_order_of_the_words(self):
        """Words in another order: the same answer under other numbers."""
        model = random_segmentor(12)
        batch = [{"image": photo(96, 112)}]
        before = model(batch)[0]["sem_seg"]
        order = torch.tensor([5, 0, 11, 3, 9, 1, 2, 10, 4, 8, 7, 6])
        head = model.text_head
        head.set_features(head.word_features[order], head.class_features[order])
        # Sums over words in another order, behind a softmax of logits up to 100.
        torch.testing.assert_close(model(batch)[0]["sem_seg"], before[order], rtol=0, atol=1e-4)


class TestBaseMethod:
    def test_is_the_activation_map_upsampled(self):
        model = random_segmentor(8, affinity_head=None, purification_head=None)
        image = photo(96, 96)
        result = model([{"image": image}])[0]["sem_seg"]
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

    def test_has_nothing_to_explain(self):
        model = random_segmentor(3, affinity_head=None, purification_head=None)
        with pytest.raises(ValueError, match=r"base method alone.*ClassPurification"):
            model.diagnose([{"image": photo(32, 32)}])


class TestRefusals:
    def test_options(self):
        for options, message in [
            ({"affinity_head": None}, "both heads or neither"),
            ({"purification_head": None}, "both heads or neither"),
            ({"input_format": "L"}, r'INPUT.FORMAT="L" is not supported; use RGB or BGR'),
            ({"window_size": 0}, "must be positive"),
            ({"window_stride": 0}, "must be positive"),
            ({"window_batch_size": 0}, "must be positive"),
            ({"crop_size": -1}, "must be positive"),
            ({"window_size": 15, "window_stride": 8}, r"at least one patch \(16 pixels\)"),
            ({"crop_size": 15}, r"at least one patch \(16 pixels\)"),
            ({"window_stride": 97}, r"STRIDE 97 leaves gaps between windows of SIZE 96"),
        ]:
            with pytest.raises(ValueError, match=message):
                random_segmentor(3, **options)


class ModelingTestsForeign(Backbone):
    """A backbone that knows no words."""

    def __init__(self, cfg, input_shape):
        super().__init__()

    def forward(self, images):
        return {"res5": images}

    def output_shape(self):
        return {"res5": ShapeSpec(channels=3, stride=1)}


class ModelingTestsOwnCLIP(CLIPViT):
    """A CLIP backbone of another project: it loads its own weights and takes no `clip`."""

    def __init__(self, cfg, input_shape):
        super().__init__(**CLIPViT.from_config(cfg))


class TestConfig:
    def test_contract(self, tiny_cfg):
        model = build_model(tiny_cfg)
        assert isinstance(model, FreeCPSegmentor)
        model.eval()
        batch = [
            {"image": photo(64, 80), "height": 32, "width": 40, "file_name": "a.jpg"},
            {"image": photo(50, 33)},
        ]
        first, second = model(batch)
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
        labels = model([{"image": photo(64, 80)}])[0]["sem_seg"]
        assert labels.shape == (64, 80)
        assert labels.dtype == torch.int64

    def test_pixel_statistics_are_the_clip_own(self, tiny_cfg):
        model = build_model(tiny_cfg)
        expected = 255 * torch.tensor([0.48145466, 0.4578275, 0.40821073])
        torch.testing.assert_close(model.pixels.mean.flatten(), expected)
        assert not [key for key in model.state_dict() if key.startswith("pixels")]

    def test_every_method(self, tiny_cfg):
        for name in ["ClassPurification", ""]:
            for method in ["vanilla", "maskclip", "sclip", "clearclip", "gem"]:
                tiny_cfg.MODEL.CLIP.DENSE_ATTENTION = method
                tiny_cfg.MODEL.PURIFICATION_HEAD.NAME = name
                model = build_model(tiny_cfg)
                assert (
                    (model.purification_head is None) == (model.affinity_head is None) == (not name)
                )
                result = model([{"image": photo(64, 80)}])[0]["sem_seg"]
                assert result.isfinite().all()
                assert result.shape == (4, 64, 80)

    def test_backbone_and_words_share_one_checkpoint(self, tiny_cfg, monkeypatch):
        reads = []
        load = torch.load

        def counting(*args, **kwargs):
            reads.append(args)
            return load(*args, **kwargs)

        monkeypatch.setattr(torch, "load", counting)
        build_model(tiny_cfg)
        assert len(reads) == 1

    def test_layers_of_the_affinity(self, tiny_cfg):
        for layers, expected in [([], {0, 1}), ([-1], {2})]:
            tiny_cfg.MODEL.AFFINITY_HEAD.CLIP_ATTENTION.LAYERS = layers
            model = build_model(tiny_cfg)
            assert isinstance(model.affinity_head, CLIPAttentionAffinity)
            assert model.affinity_head.attention_layers == expected

    @pytest.mark.parametrize("precision", ["fp16", "bf16"])
    def test_half_precision(self, tiny_cfg, precision):
        batch = [{"image": photo(64, 80)}]
        tiny_cfg.MODEL.PURIFICATION_HEAD.NAME = ""
        exact = build_model(tiny_cfg)(batch)[0]["sem_seg"]
        tiny_cfg.MODEL.PRECISION = precision
        half = build_model(tiny_cfg)(batch)[0]["sem_seg"]
        assert half.dtype == torch.float32
        # Random words have scores close to each other; most labels stay.
        assert (half.argmax(0) == exact.argmax(0)).float().mean() > 0.95

    def test_other_words_at_run_time(self, tiny_cfg):
        model = build_model(tiny_cfg)
        model.set_vocabulary(Vocabulary("two", (("boat",), ("sea", "ocean"))))
        assert model([{"image": photo(48, 48)}])[0]["sem_seg"].shape == (2, 48, 48)
        diagnosis = model.diagnose([{"image": photo(48, 48)}])[0][0]
        assert set(diagnosis.kept) | set(diagnosis.removed) == {"boat", "sea"}

    @pytest.fixture
    def register(self):
        names = []

        def do(backbone):
            BACKBONE_REGISTRY.register(backbone)
            names.append(backbone.__name__)

        yield do
        for name in names:
            BACKBONE_REGISTRY._obj_map.pop(name)

    def test_a_backbone_that_is_no_clip(self, tiny_cfg, register):
        register(ModelingTestsForeign)
        tiny_cfg.MODEL.BACKBONE.NAME = "ModelingTestsForeign"
        with pytest.raises(
            ValueError, match=r'"ModelingTestsForeign" shares no space with text.*CLIPViT'
        ):
            build_model(tiny_cfg)

    def test_a_backbone_that_takes_no_loaded_clip(self, tiny_cfg, register):
        batch = [{"image": photo(64, 80)}]
        expected = build_model(tiny_cfg)(batch)[0]["sem_seg"]
        register(ModelingTestsOwnCLIP)
        tiny_cfg.MODEL.BACKBONE.NAME = "ModelingTestsOwnCLIP"
        torch.testing.assert_close(build_model(tiny_cfg)(batch)[0]["sem_seg"], expected)
