"""TIPSViT and its text tower against transformers' Tipsv2Model, and a whole model on them."""

import json
import shutil

import pytest
import safetensors.torch
import sentencepiece
import torch
from transformers import Tipsv2Tokenizer

from freecp_d2.d2 import build_backbone, build_model
from freecp_d2.modeling.backbone import TIPSViT, load_clip
from freecp_d2.text.text_encoder import TextEncoder
from tests.helpers.random_tips import random_tips, save_tips, sentencepiece_model
from tests.helpers.random_towers import clip_tower, rand_normal

# Sums in another order; values are around 1.
TOLERANCE = {"rtol": 0, "atol": 1e-5}
UNIT = {"pixel_mean": (0.0, 0.0, 0.0), "pixel_std": (255.0, 255.0, 255.0)}
PROMPTS = ["a photo of a cat.", "itap of a DOG", "a " * 90, "café, 日本"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return save_tips(tmp_path_factory.mktemp("tips"))


@pytest.fixture
def cfg(tiny_cfg, folder):
    tiny_cfg.MODEL.BACKBONE.NAME = "TIPSViT"
    node = tiny_cfg.MODEL.CLIP
    node.LIBRARY, node.ARCH, node.PRETRAINED = "transformers", "tipsv2", str(folder)
    node.DENSE_ATTENTION, node.DENSE_PRESET = "maskclip", "original"
    tiny_cfg.MODEL.TEXT.TEMPLATES = "tcl"
    return tiny_cfg


@pytest.fixture(autouse=True)
def _no_grad():
    with torch.no_grad():
        yield


class TestTower:
    @pytest.mark.parametrize("size", [(32, 32), (20, 44)])
    def test_tokens_and_attention_are_the_librarys(self, size):
        """The value path is the last layer in which each token attends to itself alone."""
        for swiglu in (False, True):
            model, images = random_tips(swiglu=swiglu), rand_normal(2, 3, *size)
            vision = model.vision_model
            vision.set_attn_implementation("eager")
            theirs = vision(images, output_hidden_states=True, output_attentions=True)
            num_tokens = theirs.hidden_states[0].shape[1]
            alone = torch.full((num_tokens, num_tokens), float("-inf")).fill_diagonal_(0)
            layer = vision.encoder.layer[-1]
            dense = vision.layernorm(layer(theirs.hidden_states[-2], alone[None, None]))[:, 2:]
            backbone = TIPSViT(visual=vision, **UNIT)
            found = backbone(images, attention_layers=[0, 2])
            grid = (size[0] // 4, size[1] // 4)
            expected = dense.mT.unflatten(2, grid)
            torch.testing.assert_close(found["patch_tokens"], expected, **TOLERANCE)
            pooled = theirs.pooler_output
            torch.testing.assert_close(found["class_token"], pooled, **TOLERANCE)
            torch.testing.assert_close(backbone.encode_image(images), pooled, **TOLERANCE)
            kept = [0, *range(2, num_tokens)]  # without the register
            maps = torch.stack([theirs.attentions[i].mean(1) for i in (0, 2)]).mean(0)
            maps = maps[:, kept][:, :, kept]
            torch.testing.assert_close(found["attention"][:, 0], maps, **TOLERANCE)


class TestText:
    def test_tokens_are_those_of_sentencepiece(self, folder, tmp_path):
        """Lower case; from the file of SentencePiece and from what transformers saves."""
        pieces = sentencepiece.SentencePieceProcessor(model_proto=sentencepiece_model())
        saved = save_tips(tmp_path)
        (saved / "tokenizer.model").unlink()
        Tipsv2Tokenizer.from_pretrained(folder).save_pretrained(saved)
        for path in (folder, saved):
            tokenizer = load_clip("transformers", "tipsv2", str(path), "fp32").tokenizer
            for prompt, row in zip(PROMPTS, tokenizer(PROMPTS).tolist(), strict=True):
                expected = pieces.encode(prompt.lower())[:64]
                assert row == expected + [0] * (64 - len(expected))

    def test_features_are_the_librarys(self, folder):
        model, loaded = random_tips(), load_clip("transformers", "tipsv2", str(folder), "fp32")
        tokens = Tipsv2Tokenizer.from_pretrained(folder)(
            PROMPTS, padding="max_length", truncation=True, max_length=64, return_tensors="pt"
        )
        expected = model.get_text_features(**tokens).pooler_output
        encoder = TextEncoder(loaded.model, loaded.tokenizer)
        torch.testing.assert_close(encoder(PROMPTS), expected, **TOLERANCE)
        # Prompts of a batch do not change one another.
        torch.testing.assert_close(encoder(PROMPTS[:1]), expected[:1], **TOLERANCE)
        half = load_clip("transformers", "tipsv2", str(folder), "bf16")
        encoder = TextEncoder(half.model, half.tokenizer)
        torch.testing.assert_close(encoder(PROMPTS), expected, **TOLERANCE)

    def test_a_cut_prompt_is_reported_and_the_scale_is_that_of_the_training(self, folder, caplog):
        loaded = load_clip("transformers", "tipsv2", str(folder), "fp32")
        assert loaded.logit_scale == pytest.approx(50)  # the temperature is 0.02
        encoder = TextEncoder(loaded.model, loaded.tokenizer)
        encoder(["a cat " * 10])
        assert caplog.text == ""
        encoder(["a cat " * 100])
        assert "a cat a cat" in caplog.text


def test_a_whole_model_with_crops(cfg):
    model = build_model(cfg).eval()
    image = (255 * torch.rand(3, 50, 70, generator=torch.Generator().manual_seed(0))).byte()
    (found,) = model([{"image": image}])
    assert found["sem_seg"].shape == (4, 50, 70)
    assert model.text_head.logit_scale == pytest.approx(50)
    (windows,) = model.diagnose([{"image": image}])
    assert windows


class TestRefusals:
    def test_options(self, cfg):
        for opts, message in (
            (["DENSE_ATTENTION", "sclip"], 'DENSE_ATTENTION="sclip".*use maskclip'),
            (["DENSE_PRESET", "freecp"], 'DENSE_PRESET="freecp".*use original'),
            (["POSITIONAL_EMBEDDING", "scale"], "use auto"),
            (["ARCH", "ViT-B/16"], r'ARCH="ViT-B/16".*tipsv2'),
            (["MERGES", "merges.gz"], "MERGES"),
            (["ACTIVATION", "gelu"], "ACTIVATION"),
            (["PRETRAINED", "tips:c14"], "tips:b14"),
        ):
            own = cfg.clone()
            own.merge_from_list([f"MODEL.CLIP.{opts[0]}", opts[1]])
            with pytest.raises((ValueError, FileNotFoundError), match=message):
                build_backbone(own)

    def test_towers(self, cfg):
        with pytest.raises(ValueError, match=r"TIPSViT cannot run VisionTransformer.*CLIPViT"):
            TIPSViT(visual=clip_tower(), **UNIT)
        cfg.MODEL.BACKBONE.NAME = "CLIPViT"
        with pytest.raises(ValueError, match="CLIPViT cannot run Tipsv2VisionModel"):
            build_backbone(cfg)

    def test_folders(self, folder, tmp_path):
        def load():
            return load_clip("transformers", "tipsv2", str(copy), "fp32")

        copy = tmp_path / "copy"
        shutil.copytree(folder, copy)
        (copy / "tokenizer.model").unlink()
        with pytest.raises(FileNotFoundError, match=r"no tokenizer.*tokenizer\.model"):
            load()
        state = safetensors.torch.load_file(copy / "model.safetensors")
        del state["vision_encoder.norm.weight"]  # as on the hub
        safetensors.torch.save_file(state, copy / "model.safetensors", metadata={"format": "pt"})
        with pytest.raises(ValueError, match=r"missing \(vision_model\.layernorm\.weight"):
            load()
        config = json.loads((copy / "config.json").read_text())
        (copy / "config.json").write_text(json.dumps({**config, "model_type": "siglip"}))
        with pytest.raises(ValueError, match=r'"siglip", expected one of \[\'tipsv2\'\]'):
            load()
        (copy / "config.json").unlink()
        with pytest.raises(FileNotFoundError, match=r"has no config\.json"):
            load()
