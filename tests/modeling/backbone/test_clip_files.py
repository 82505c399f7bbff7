"""CLIPs as people have them: transformers' layout, prefixes of trainings, odd contents."""

import argparse
import json
import logging

import numpy as np
import pytest
import torch

from freecp_d2.d2 import build_model
from freecp_d2.engine.image_errors import CarryingModel
from freecp_d2.modeling.backbone import load_clip
from tests.helpers.random_clip import TINY, random_clip, save_archive
from tests.helpers.random_open_clip import TINY_OPEN_CLIP, random_open_clip, registered
from tests.helpers.random_towers import rand_normal

IMAGES = rand_normal(2, 3, 32, 32)
PROMPTS = ["a cat", "two dogs on a sofa"]


def features(model, tokens):
    with torch.no_grad():
        return model.encode_image(IMAGES), model.encode_text(tokens)


def assert_same_features(ours, theirs, tokens):
    for a, b in zip(features(ours, tokens), features(theirs, tokens), strict=True):
        torch.testing.assert_close(a, b, rtol=0, atol=1e-5)


@pytest.fixture(scope="module")
def theirs(tmp_path_factory):
    """A random transformers CLIP and the folder that `save_pretrained` made."""
    from transformers import CLIPConfig, CLIPModel

    shared = {"num_hidden_layers": 2, "num_attention_heads": 1, "hidden_size": 64}
    sizes = shared | {"intermediate_size": 256, "projection_dim": 32}
    config = CLIPConfig(
        text_config=sizes | {"vocab_size": 49408, "max_position_embeddings": 77},
        vision_config=sizes | {"image_size": 32, "patch_size": 8},
        projection_dim=32,
    )
    torch.manual_seed(0)
    model = CLIPModel(config).eval()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(0.02 * torch.randn_like(parameter))
    folder = tmp_path_factory.mktemp("transformers") / "clip"
    model.save_pretrained(folder)
    return model, folder


def set_config(folder, **changes):
    path = folder / "config.json"
    config = json.loads(path.read_text())
    for tower in ("text_config", "vision_config"):
        config[tower] = config[tower] | changes
    path.write_text(json.dumps(config))


class TestTransformers:
    def test_a_folder_gives_the_features_of_its_library(self, theirs, caplog):
        model, folder = theirs
        with caplog.at_level(logging.INFO):
            loaded = load_clip("clip", "custom", str(folder), "fp32")
        tokens = loaded.tokenizer(PROMPTS)
        with torch.no_grad():
            expected = (
                model.get_image_features(IMAGES),
                model.get_text_features(tokens),
            )
        for found, wanted in zip(features(loaded.model, tokens), expected, strict=True):
            wanted = getattr(wanted, "pooler_output", wanted)  # since transformers 5
            torch.testing.assert_close(found, wanted, rtol=0, atol=1e-5)
        assert "quick_gelu" in caplog.text
        assert not [r for r in caplog.records if r.levelno >= logging.WARNING]

    def test_a_folder_of_several_files(self, theirs, tmp_path):
        model, folder = theirs
        model.save_pretrained(tmp_path / "parts", max_shard_size="5MB")
        assert not (tmp_path / "parts" / "model.safetensors").exists()
        whole, parts = (
            load_clip("clip", "custom", str(path), "fp32") for path in (folder, tmp_path / "parts")
        )
        assert_same_features(parts.model, whole.model, whole.tokenizer(PROMPTS))

    def test_its_config_decides_the_activation_and_the_heads(self, theirs, tmp_path):
        model, _ = theirs
        model.save_pretrained(tmp_path)
        set_config(tmp_path, hidden_act="gelu")
        loaded = load_clip("clip", "custom", str(tmp_path), "fp32")
        kinds = {type(block.mlp.gelu).__name__ for block in loaded.model.transformer.resblocks}
        assert kinds == {"GELU"}
        set_config(tmp_path, hidden_act="gelu_fast")
        with pytest.raises(ValueError, match=r"gelu_fast.*'quick_gelu', 'gelu'"):
            load_clip("clip", "custom", str(tmp_path), "fp32")
        set_config(tmp_path, hidden_act="gelu", num_attention_heads=4)
        with pytest.raises(ValueError, match=r"width 64 has 4 heads.*would use 1.*open_clip"):
            load_clip("clip", "custom", str(tmp_path), "fp32")

    def test_a_folder_without_weights(self, tmp_path):
        with pytest.raises(FileNotFoundError, match=str(tmp_path)):
            load_clip("clip", "custom", str(tmp_path), "fp32")


class TestTrainings:
    @pytest.mark.parametrize(
        "prefix", ["model.", "clip_model.", "_orig_mod.", "module.model.", "module._orig_mod."]
    )
    def test_prefixes_are_removed(self, tmp_path, prefix):
        model, path = random_clip(), tmp_path / "clip.pt"
        state = {prefix + key: value for key, value in model.state_dict().items()}
        state = {key.replace("visual.", "visual._orig_mod."): state[key] for key in state}
        state["head.weight"] = torch.ones(3)
        extras = {"epoch": 3, "best": np.float64(0.5), "args": argparse.Namespace(lr=0.1)}
        torch.save({"state_dict": state, **extras}, path)
        loaded = load_clip("clip", "custom", str(path), "fp32")
        assert_same_features(loaded.model, model, loaded.tokenizer(PROMPTS))

    def test_two_models_in_one_file(self, tmp_path):
        state = random_clip().state_dict()
        both = {f"{name}.{key}": state[key] for name in ("student", "teacher") for key in state}
        torch.save(both, tmp_path / "clip.pt")
        with pytest.raises(ValueError, match=r"2 models, .*student\., teacher\."):
            load_clip("clip", "custom", str(tmp_path / "clip.pt"), "fp32")

    def test_a_key_more_or_less(self, tmp_path):
        path, state = tmp_path / "clip.pt", random_clip().state_dict()
        torch.save(state | {"visual.adapter": torch.ones(2)}, path)
        with pytest.raises(ValueError, match=r"clip\.pt.*visual\.adapter"):
            load_clip("clip", "custom", str(path), "fp32")
        for name in ("visual.ln_post.weight", "visual.proj", "ln_final.weight", "logit_scale"):
            torch.save({key: value for key, value in state.items() if key != name}, path)
            with pytest.raises(ValueError, match=rf"clip\.pt.* CLIP .*{name}.*all"):
                load_clip("clip", "custom", str(path), "fp32")

    def test_a_whole_model(self, tmp_path):
        torch.save(random_clip(), tmp_path / "clip.pt")
        with pytest.raises(ValueError, match=r"clip\.model\.CLIP.*state_dict") as error:
            load_clip("clip", "custom", str(tmp_path / "clip.pt"), "fp32")
        assert "weights_only=False" not in str(error.value)

    @pytest.mark.parametrize("precision", ["fp32", "fp16"])
    def test_weights_that_are_not_finite(self, tmp_path, precision):
        model = random_clip()
        with torch.no_grad():
            model.visual.conv1.weight[0, 0, 0, 0] = float("nan") if precision == "fp32" else 1e5
        torch.save(model.state_dict(), tmp_path / "clip.pt")
        with pytest.raises(ValueError, match=rf"clip\.pt.*{precision}.*visual\.conv1\.weight"):
            load_clip("clip", "custom", str(tmp_path / "clip.pt"), precision)

    def test_features_that_are_not_finite(self, tiny_cfg):
        """Weights that are finite and overflow, or are zero; an image cannot be the reason."""
        model = build_model(tiny_cfg).eval()
        image = {"image": torch.zeros(3, 48, 48, dtype=torch.uint8), "file_name": "a.jpg"}
        model.backbone.visual.conv1.weight.fill_(3e38)
        for skips in (False, True):
            found = CarryingModel(model, skip_errors=skips)
            with pytest.raises(ValueError, match=rf"{tiny_cfg.MODEL.CLIP.PRETRAINED}.*fp32"):
                found([image])
        model.backbone.visual.proj.fill_(0)
        model.backbone.visual.conv1.weight.fill_(0)
        with pytest.raises(ValueError, match=rf"{tiny_cfg.MODEL.CLIP.PRETRAINED}.*zeros"):
            model([image])


class TestActivation:
    def kind(self, loaded):
        (kind,) = {type(b.mlp.gelu).__name__ for b in loaded.model.transformer.resblocks}
        return kind

    @pytest.fixture
    def arch(self, tmp_path):
        with registered(tmp_path / "configs", {"freecp-tests-tiny": TINY_OPEN_CLIP}):
            yield "freecp-tests-tiny"

    @pytest.fixture
    def own(self, arch, tmp_path):
        """The file of a model of open_clip."""
        torch.save(random_open_clip(arch).state_dict(), tmp_path / "own.pt")
        return str(tmp_path / "own.pt")

    def test_an_archive_of_openai_is_known(self, tmp_path, caplog):
        save_archive(tmp_path / "clip.pt")
        assert self.kind(load_clip("clip", "custom", str(tmp_path / "clip.pt"), "fp32")) == (
            "QuickGELU"
        )
        assert "ACTIVATION" not in caplog.text

    def test_a_state_dict_is_not_known(self, tmp_path, caplog, arch, own):
        torch.save(random_clip(TINY).state_dict(), tmp_path / "clip.pt")
        for library, name, path, default, other in (
            ("clip", "custom", str(tmp_path / "clip.pt"), "QuickGELU", "GELU"),
            ("open_clip", arch, own, "GELU", "QuickGELU"),
        ):
            caplog.clear()
            assert self.kind(load_clip(library, name, path, "fp32")) == default
            (record,) = [r for r in caplog.records if "MODEL.CLIP.ACTIVATION" in r.getMessage()]
            assert path in record.getMessage()
            caplog.clear()
            wanted = {"GELU": "gelu", "QuickGELU": "quick_gelu"}[other]
            assert self.kind(load_clip(library, name, path, "fp32", "", wanted)) == other
            assert not caplog.records

    def test_a_config_of_open_clip_beside_the_file(self, tmp_path, arch, own, caplog):
        config = {"model_cfg": TINY_OPEN_CLIP | {"quick_gelu": True}}
        (tmp_path / "open_clip_config.json").write_text(json.dumps(config))
        assert self.kind(load_clip("open_clip", arch, own, "fp32")) == "QuickGELU"
        assert not [r for r in caplog.records if "ACTIVATION" in r.getMessage()]

    def test_unknown(self, own):
        with pytest.raises(ValueError, match=r'ACTIVATION="relu".*quick_gelu'):
            load_clip("clip", "custom", own, "fp32", "", "relu")


def test_open_clip_loads_prefixed_files(tmp_path):
    with registered(tmp_path / "configs", {"freecp-tests-tiny": TINY_OPEN_CLIP}):
        model = random_open_clip("freecp-tests-tiny")
        state = {f"module.model.{key}": value for key, value in model.state_dict().items()}
        torch.save({"model": state, "args": argparse.Namespace()}, tmp_path / "own.pt")
        path = str(tmp_path / "own.pt")
        loaded = load_clip("open_clip", "freecp-tests-tiny", path, "fp32")
        assert_same_features(loaded.model, model, loaded.tokenizer(PROMPTS))
