"""Loading checkpoints: every format gives the model that the owning library loads itself."""

import re
import socket
import urllib.error
import urllib.request
import warnings
from functools import partial

import clip
import pytest
import torch
from safetensors.torch import save_file

from freecp_d2.modeling.backbone import load_clip, load_clip_from_config
from freecp_d2.modeling.backbone.clip_files import OPENAI_RESNETS, OPENAI_VITS
from freecp_d2.utils.device import PRECISIONS
from tests.helpers.merges import merges_for, num_tokens, write_merges
from tests.helpers.random_clip import (
    TINY,
    TINY_RESNET,
    random_clip,
    save_archive,
    save_state_dict,
)
from tests.helpers.random_open_clip import TINY_OPEN_CLIP, random_open_clip, registered
from tests.helpers.random_towers import rand_normal

IMAGES = rand_normal(2, 3, 32, 32)
PROMPTS = ["a cat", "two dogs on a sofa"]
OPENAI_MEAN = (122.7709383, 116.7460125, 104.09373615)  # 255 times the three numbers in clip.py
OPENAI_STD = (68.5005327, 66.6321579, 70.32316305)


def features(model, tokens):
    with torch.no_grad():
        return model.encode_image(IMAGES), model.encode_text(tokens)


def assert_same_features(ours, theirs, tokens, atol=1e-5):
    for a, b in zip(features(ours, tokens), features(theirs, tokens), strict=True):
        torch.testing.assert_close(a, b, rtol=0, atol=atol)


def loaded_from(path, arch="custom", library="clip"):
    return load_clip(library, arch, str(path), "fp32")


class TestOpenAI:
    def test_weights_of_the_file_unrounded(self, tmp_path):
        state = {key: value.contiguous() for key, value in random_clip().state_dict().items()}
        save_file(state, tmp_path / "tiny.safetensors")
        torch.save({"state_dict": state, "epoch": 3}, tmp_path / "tiny.pt")
        for name in ("tiny.safetensors", "tiny.pt"):
            loaded = loaded_from(tmp_path / name)
            assert_same_features(loaded.model, random_clip(), loaded.tokenizer(PROMPTS), 0.0)

    def test_the_library_loads_the_same_from_an_archive(self, tmp_path):
        save_archive(tmp_path / "tiny.pt")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            theirs, _ = clip.load(str(tmp_path / "tiny.pt"), device="cpu")
        tokens = clip.tokenize(PROMPTS)
        assert_same_features(loaded_from(tmp_path / "tiny.pt").model, theirs, tokens, 0.0)

    def test_a_fork_of_the_library(self, tmp_path, monkeypatch):
        """Without values, as OVSeg's, its parameter changes nothing; with values it is named."""
        path, build = save_state_dict(tmp_path / "tiny.pt"), clip.model.build_model

        def build_fork(weights, size=0):
            model = build(weights)
            model.visual.mask_embedding = torch.nn.Parameter(torch.zeros(size, 4))
            return model

        monkeypatch.setattr(clip.model, "build_model", build_fork)
        loaded = loaded_from(path)
        assert_same_features(loaded.model, random_clip(), loaded.tokenizer(PROMPTS))
        monkeypatch.setattr(clip.model, "build_model", partial(build_fork, size=1))
        said = rf"{re.escape(clip.__file__)}.*mask_embedding.*LIBRARY open_clip"
        with pytest.raises(ValueError, match=said):
            loaded_from(path)

    def test_quantised_weights_are_refused(self, tmp_path):
        """As integers they would be loaded as weights of another scale."""
        state = random_clip().state_dict()
        name = "visual.transformer.resblocks.0.mlp.c_fc.weight"
        torch.save(state | {name: (100 * state[name]).to(torch.int8)}, tmp_path / "a.pt")
        with pytest.raises(ValueError, match=rf"1 tensors are torch\.int8, such as {name}"):
            loaded_from(tmp_path / "a.pt")

    def test_no_clip(self, tmp_path):
        text = ("text_projection", "logit_scale", "token_embedding.weight", "positional_embedding")
        cases = [(TINY, key) for key in ("visual.conv1.weight", *text)]
        for shape, missing in [*cases, (TINY_RESNET, "visual.attnpool.positional_embedding")]:
            state = random_clip(shape).state_dict()
            del state[missing]
            torch.save(state, tmp_path / "other.pt")
            message = rf"other\.pt is no CLIP.*no '{missing}'.*open_clip"
            with pytest.raises(ValueError, match=message):
                loaded_from(tmp_path / "other.pt")

    def test_what_is_loaded_with_the_weights(self, tmp_path):
        """Frozen, with CLIP's preprocessing and scale, and tokens of the model's length."""
        loaded = loaded_from(save_state_dict(tmp_path / "short.pt", TINY | {"context_length": 12}))
        assert not any(module.training for module in loaded.model.modules())
        assert not any(parameter.requires_grad for parameter in loaded.model.parameters())
        assert loaded.pixel_mean == pytest.approx(OPENAI_MEAN)
        assert loaded.pixel_std == pytest.approx(OPENAI_STD)
        assert loaded.logit_scale == pytest.approx(100, rel=1e-4)
        assert loaded.tokenizer(["a cat", "word " * 50]).shape == (2, 12)  # cut, not refused

    def test_weights_of_another_architecture(self, tiny_checkpoint):
        message = r'\(64, 3, 8, 32\).*ARCH="ViT-B/16" means \(768, 12, 16, 224\)'
        with pytest.raises(ValueError, match=message):
            loaded_from(tiny_checkpoint, "ViT-B/16")

    def test_released_architectures(self):
        """Against open_clip's own table of the same architectures."""
        import open_clip

        for name, found in (OPENAI_VITS | OPENAI_RESNETS).items():
            arch = name.replace("/", "-").replace("@336px", "-336")
            vision = open_clip.get_model_config(arch)["vision_cfg"]
            sizes = [vision["width"], vision["layers"], vision["patch_size"], vision["image_size"]]
            if name in OPENAI_RESNETS:
                sizes = [vision["width"], tuple(vision["layers"]), vision["image_size"]]
            assert found == tuple(sizes)


def test_unknown_names(tiny_checkpoint):
    for library, arch, pretrained, precision, message in [
        ("openclip", "custom", tiny_checkpoint, "fp32", r'LIBRARY="openclip".*clip.*open_clip'),
        ("clip", "custom", tiny_checkpoint, "float16", r'PRECISION="float16".*fp32.*fp16.*bf16'),
        ("clip", "ViT-B-16", tiny_checkpoint, "fp32", r'ARCH="ViT-B-16" is no.*RN50x16.*custom'),
        ("clip", "custom", "openai", "fp32", r'"custom" is no model .*"openai".*B/16'),
        ("open_clip", "ViT-B/17", "openai", "fp32", r'"ViT-B/17" is no model of open_clip.*B-16'),
    ]:
        with pytest.raises(ValueError, match=message):
            load_clip(library, arch, str(pretrained), precision)
    for library, arch in [("clip", "custom"), ("open_clip", "ViT-B-16")]:
        for pretrained in ["/no/such/file.pt", "laion2b", "", "."]:
            message = rf'"{pretrained}" is neither.*{arch}.*openai'
            with pytest.raises(FileNotFoundError, match=message):
                loaded_from(pretrained, arch, library)


def test_config_keys_and_a_clip_with_the_same(tiny_cfg, tiny_checkpoint):
    loaded = load_clip_from_config(tiny_cfg)
    assert load_clip_from_config(tiny_cfg, loaded) is loaded
    tiny_cfg.MODEL.PRECISION = "bf16"
    other = load_clip_from_config(tiny_cfg, loaded)
    assert other.source == ("clip", "custom", str(tiny_checkpoint), "bf16", "", "auto")


def test_precision_of_everything_but_layer_norms(tiny_checkpoint):
    for name in PRECISIONS:
        model = load_clip("clip", "custom", str(tiny_checkpoint), name).model
        for key, parameter in model.named_parameters():
            is_norm = ".ln_" in key or key.startswith("ln_")
            assert parameter.dtype == (torch.float32 if is_norm else PRECISIONS[name]), key


class TestMerges:
    def test_a_checkpoint_with_its_own(self, tiny_cfg, tiny_checkpoint, tmp_path):
        found = merges_for(["a photo of a cat.", "kitten, dog, tree, sky"])
        merges, number = str(tmp_path / "merges.txt.gz"), num_tokens(found)
        write_merges(merges, found)
        small = save_state_dict(tmp_path / "small.pt", TINY | {"vocab_size": number})
        said = rf"small\.pt has embeddings of {number} tokens, .* 49408 .*MERGES.* {number - 514} "
        with pytest.raises(ValueError, match=said):
            loaded_from(small)
        with pytest.raises(ValueError, match=rf"of 49408 tokens, .* has {number} .*merges\.txt"):
            load_clip("clip", "custom", str(tiny_checkpoint), "fp32", merges)
        tiny_cfg.MODEL.CLIP.PRETRAINED, tiny_cfg.MODEL.CLIP.MERGES = str(small), merges
        loaded = load_clip_from_config(tiny_cfg)
        tokens = loaded.tokenizer(["a cat", "zebra"])
        assert tokens.max() == number - 1
        assert loaded.model.encode_text(tokens).isfinite().all()

    def test_refused(self, tiny_cfg):
        tiny_cfg.MODEL.CLIP.MERGES = "no/merges.gz"
        with pytest.raises(FileNotFoundError, match=r'merges "no/merges\.gz"'):
            load_clip_from_config(tiny_cfg)
        tiny_cfg.MODEL.CLIP.LIBRARY = "open_clip"
        with pytest.raises(ValueError, match=r"merges\.gz\" is not read with .*open_clip"):
            load_clip_from_config(tiny_cfg)


def test_open_clip(tmp_path):
    """A file of its own, and of another architecture."""
    wide = {**TINY_OPEN_CLIP, "embed_dim": 48}
    configs = {"freecp-tests-tiny": TINY_OPEN_CLIP, "freecp-tests-wide": wide}
    with registered(tmp_path / "configs", configs):
        model, path = random_open_clip("freecp-tests-tiny"), tmp_path / "tiny.pt"
        torch.save(model.state_dict(), path)
        loaded = loaded_from(path, "freecp-tests-tiny", "open_clip")
        tokens = loaded.tokenizer(PROMPTS)
        assert tokens.shape == (2, 16)
        # Frozen parameters take PyTorch's fused layers, others do not: a few roundings.
        assert_same_features(loaded.model, model, tokens)
        assert loaded.pixel_mean == pytest.approx(OPENAI_MEAN)
        assert loaded.pixel_std == pytest.approx(OPENAI_STD)
        assert loaded.logit_scale == pytest.approx(2.718281828**4, rel=1e-5)
        message = r"(?s)tiny\.pt,.* does not hold weights of freecp-tests-wide.*size mismatch"
        with pytest.raises(ValueError, match=message):
            loaded_from(path, "freecp-tests-wide", "open_clip")


def test_without_network_the_message_says_what_to_do(monkeypatch, tmp_path):
    def refuse(*args, **kwargs):
        raise urllib.error.URLError(socket.gaierror("the network is down"))

    import open_clip.pretrained

    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setattr(urllib.request, "urlopen", refuse)
    monkeypatch.setattr(open_clip.pretrained, "hf_hub_download", refuse)
    message = r"clip:ViT-B/16 is not on this machine.*put it at .*/ViT-B-16\.pt;"
    with pytest.raises(ConnectionError, match=message):
        loaded_from("openai", "ViT-B/16")
    message = r"openai of ViT-B-16 are not on this machine.*MODEL\.CLIP\.PRETRAINED /path/to"
    with pytest.raises(ConnectionError, match=message):
        loaded_from("openai", "ViT-B-16", "open_clip")
