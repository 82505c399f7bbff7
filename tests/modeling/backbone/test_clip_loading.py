"""Loading checkpoints: every format gives the model that the owning library loads itself."""

import os
import pickle
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
from freecp_d2.modeling.backbone.clip_loading import PRECISIONS
from tests.helpers.random_clip import TINY, TINY_RESNET, random_clip, save_archive
from tests.helpers.random_open_clip import TINY_OPEN_CLIP, random_open_clip, registered
from tests.helpers.random_towers import rand_normal

IMAGES = rand_normal(2, 3, 32, 32)
OPENAI_MEAN = (122.7709383, 116.7460125, 104.09373615)  # 255 times the three numbers in clip.py
OPENAI_STD = (68.5005327, 66.6321579, 70.32316305)


def features(model, tokens):
    with torch.no_grad():
        return model.encode_image(IMAGES), model.encode_text(tokens)


def assert_same_features(ours, theirs, tokens, atol=0.0):
    for a, b in zip(features(ours, tokens), features(theirs, tokens), strict=True):
        torch.testing.assert_close(a, b, rtol=0, atol=atol)


KINDS = ["plain", "nested", "safetensors"]


def save_as(kind, model, folder):
    """The path of a file in one of the formats."""
    path = folder / f"tiny.{'safetensors' if kind == 'safetensors' else 'pt'}"
    state = {key: value.contiguous() for key, value in model.state_dict().items()}
    if kind == "archive":
        save_archive(path)
    elif kind == "safetensors":
        save_file(state, path)
    else:
        torch.save({"state_dict": state, "epoch": 3} if kind == "nested" else state, path)
    return str(path)


class TestOpenAI:
    def test_a_fork_of_the_library(self, tmp_path, monkeypatch):
        """Without values, as OVSeg's, its parameter changes nothing; with values it is named."""
        path, build = save_as("plain", random_clip(), tmp_path), clip.model.build_model

        def build_fork(weights, size=0):
            model = build(weights)
            model.visual.mask_embedding = torch.nn.Parameter(torch.zeros(size, 4))
            return model

        monkeypatch.setattr(clip.model, "build_model", build_fork)
        loaded = load_clip("clip", "custom", path, "fp32")
        assert_same_features(loaded.model, random_clip(), loaded.tokenizer(["a cat"]))
        monkeypatch.setattr(clip.model, "build_model", partial(build_fork, size=1))
        said = rf"{re.escape(clip.__file__)}.*mask_embedding.*LIBRARY open_clip"
        with pytest.raises(ValueError, match=said):
            load_clip("clip", "custom", path, "fp32")

    def test_quantised_weights_are_refused(self, tmp_path):
        """As integers they would be loaded as weights of another scale."""
        state = random_clip().state_dict()
        name = "visual.transformer.resblocks.0.mlp.c_fc.weight"
        torch.save(state | {name: (100 * state[name]).to(torch.int8)}, tmp_path / "a.pt")
        with pytest.raises(ValueError, match=rf"1 tensors are torch\.int8, such as {name}"):
            load_clip("clip", "custom", str(tmp_path / "a.pt"), "fp32")

    @pytest.mark.parametrize("kind", KINDS)
    def test_weights_of_the_file_unrounded(self, tmp_path, kind):
        loaded = load_clip("clip", "custom", save_as(kind, random_clip(), tmp_path), "fp32")
        tokens = loaded.tokenizer(["a cat", "two dogs on a sofa"])
        assert_same_features(loaded.model, random_clip(), tokens)

    @pytest.mark.parametrize("kind", ["plain", "archive"])
    def test_the_library_loads_the_same(self, tmp_path, kind):
        path = save_as(kind, random_clip(), tmp_path)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            import clip

            theirs, _ = clip.load(path, device="cpu")
        loaded = load_clip("clip", "custom", path, "fp32")
        # The library rounds what it loads to fp16, which an archive already is.
        tokens = clip.tokenize(["a cat", "two dogs on a sofa"])
        assert_same_features(loaded.model, theirs, tokens, 0.0 if kind == "archive" else 0.05)

    def test_no_clip(self, tmp_path):
        text = ("text_projection", "logit_scale", "token_embedding.weight", "positional_embedding")
        cases = [(TINY, key) for key in ("visual.conv1.weight", *text)]
        for shape, missing in [*cases, (TINY_RESNET, "visual.attnpool.positional_embedding")]:
            state = random_clip(shape).state_dict()
            del state[missing]
            torch.save(state, tmp_path / "other.pt")
            message = rf"other\.pt is no CLIP.*no '{missing}'.*open_clip"
            with pytest.raises(ValueError, match=message):
                load_clip("clip", "custom", str(tmp_path / "other.pt"), "fp32")

    def test_what_is_loaded_with_the_weights(self, tmp_path):
        """Frozen, with CLIP's preprocessing and scale, and tokens of the model's length."""
        path = tmp_path / "short.pt"
        torch.save(random_clip(TINY | {"context_length": 12}).state_dict(), path)
        loaded = load_clip("clip", "custom", str(path), "fp32")
        assert not any(module.training for module in loaded.model.modules())
        assert not any(parameter.requires_grad for parameter in loaded.model.parameters())
        assert loaded.pixel_mean == pytest.approx(OPENAI_MEAN)
        assert loaded.pixel_std == pytest.approx(OPENAI_STD)
        assert loaded.logit_scale == pytest.approx(100, rel=1e-4)
        assert loaded.tokenizer(["a cat", "word " * 50]).shape == (2, 12)  # cut, not refused

    def test_weights_of_another_architecture(self, tiny_checkpoint):
        with pytest.raises(
            ValueError, match=r'\(64, 3, 8, 32\).*ARCH="ViT-B/16" means \(768, 12, 16, 224\)'
        ):
            load_clip("clip", "ViT-B/16", str(tiny_checkpoint), "fp32")

    def test_unknown_architecture(self, tiny_checkpoint):
        for arch in ["RN5", "ViT-B-16", "vit-b/16", ""]:
            with pytest.raises(ValueError, match=rf'ARCH="{arch}" is no model.*RN50x16.*custom'):
                load_clip("clip", arch, str(tiny_checkpoint), "fp32")


class TestBadFiles:
    def test_missing(self):
        for library, arch in [("clip", "custom"), ("open_clip", "ViT-B-16")]:
            for pretrained in ["/no/such/file.pt", "laion2b", "", "."]:
                message = rf'"{pretrained}" is neither.*{arch}.*openai'
                with pytest.raises(FileNotFoundError, match=message):
                    load_clip(library, arch, pretrained, "fp32")

    @pytest.mark.parametrize("by_torch", [True, False])
    @pytest.mark.parametrize(("library", "arch"), [("clip", "custom"), ("open_clip", "ViT-B-16")])
    def test_a_pickle_that_runs_code_is_not_run(self, tmp_path, library, arch, by_torch):
        trace = tmp_path / "executed"

        class Malicious:
            def __reduce__(self):
                return os.mkdir, (str(trace),)

        path = tmp_path / "malicious.pt"
        if by_torch:
            torch.save({"state_dict": Malicious()}, path)
        else:
            path.write_bytes(pickle.dumps({"state_dict": Malicious()}, protocol=2))
        with pytest.raises((ValueError, pickle.UnpicklingError)):
            load_clip(library, arch, str(path), "fp32")
        assert not trace.exists()
        pickle.loads(pickle.dumps(Malicious()))  # what it does to someone less careful
        assert trace.exists()


class TestNames:
    def test_unknown(self, tiny_checkpoint):
        for library, precision, message in [
            ("openclip", "fp32", r'LIBRARY="openclip" is unknown; use one of.*clip.*open_clip'),
            ("clip", "float16", r'PRECISION="float16" is unknown; use one of.*fp32.*fp16.*bf16'),
        ]:
            with pytest.raises(ValueError, match=message):
                load_clip(library, "custom", str(tiny_checkpoint), precision)

    def test_config_keys_and_a_clip_with_the_same(self, tiny_cfg, tiny_checkpoint):
        loaded = load_clip_from_config(tiny_cfg)
        assert load_clip_from_config(tiny_cfg, loaded) is loaded
        tiny_cfg.MODEL.PRECISION = "bf16"
        other = load_clip_from_config(tiny_cfg, loaded)
        assert other.source == ("clip", "custom", str(tiny_checkpoint), "bf16", "", "auto")
        assert other.model.visual.conv1.weight.dtype == torch.bfloat16


def test_precision_of_everything_but_layer_norms(tiny_checkpoint):
    for name in PRECISIONS:
        model = load_clip("clip", "custom", str(tiny_checkpoint), name).model
        for key, parameter in model.named_parameters():
            is_norm = ".ln_" in key or key.startswith("ln_")
            assert parameter.dtype == (torch.float32 if is_norm else PRECISIONS[name]), key


class TestOpenCLIP:
    @pytest.fixture
    def arch(self, tmp_path):
        """Registered with open_clip under these names: `tiny`, and a wider tower."""
        wide = {**TINY_OPEN_CLIP, "embed_dim": 48}
        configs = {"freecp-tests-tiny": TINY_OPEN_CLIP, "freecp-tests-wide": wide}
        with registered(tmp_path / "configs", configs):
            yield "freecp-tests-tiny"

    @pytest.fixture
    def model(self, arch):
        return random_open_clip(arch)

    @pytest.mark.parametrize("kind", KINDS)
    def test_formats(self, arch, model, tmp_path, kind):
        loaded = load_clip("open_clip", arch, save_as(kind, model, tmp_path), "fp32")
        tokens = loaded.tokenizer(["a cat", "two dogs on a sofa"])
        assert tokens.shape == (2, 16)
        # Frozen parameters take PyTorch's fused layers, others do not: a few roundings.
        assert_same_features(loaded.model, model, tokens, 1e-5)
        assert loaded.pixel_mean == pytest.approx(OPENAI_MEAN)
        assert loaded.pixel_std == pytest.approx(OPENAI_STD)
        assert loaded.logit_scale == pytest.approx(2.718281828**4, rel=1e-5)

    def test_weights_of_another_architecture(self, arch, model, tmp_path):
        torch.save(model.state_dict(), tmp_path / "tiny.pt")
        message = r"(?s)tiny\.pt,.* does not hold weights of freecp-tests-wide.*size mismatch"
        with pytest.raises(ValueError, match=message):
            load_clip("open_clip", "freecp-tests-wide", str(tmp_path / "tiny.pt"), "fp32")

    def test_unknown_architecture(self):
        for name in ["ViT-B/17", "vit-b-16", ""]:
            message = rf'ARCH="{name}" is no model of open_clip.*ViT-B-16'
            with pytest.raises(ValueError, match=message):
                load_clip("open_clip", name, "openai", "fp32")


class TestOffline:
    @pytest.fixture(autouse=True)
    def _no_network_and_no_cache(self, monkeypatch, tmp_path):
        def refuse(*args, **kwargs):
            raise urllib.error.URLError(socket.gaierror("the network is down"))

        monkeypatch.setenv("HOME", str(tmp_path))
        monkeypatch.setattr(urllib.request, "urlopen", refuse)
        import open_clip.pretrained

        monkeypatch.setattr(open_clip.pretrained, "hf_hub_download", refuse)

    def test_the_hint_of_openais_says_what_to_bring_where(self):
        message = r'"openai": clip:ViT-B/16 is not on this machine.*put it at .*/ViT-B-16\.pt;'
        with pytest.raises(ConnectionError, match=message):
            load_clip("clip", "ViT-B/16", "openai", "fp32")

    def test_the_hint_of_open_clips_says_what_to_do(self):
        message = r"openai of ViT-B-16 are not on this machine.*MODEL\.CLIP\.PRETRAINED /path/to"
        with pytest.raises(ConnectionError, match=message):
            load_clip("open_clip", "ViT-B-16", "openai", "fp32")
