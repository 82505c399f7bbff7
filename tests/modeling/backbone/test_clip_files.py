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
from tests.helpers.random_clip import random_clip, save_archive, save_state_dict
from tests.helpers.random_open_clip import TINY_OPEN_CLIP, random_open_clip, registered
from tests.modeling.backbone.test_clip_loading import (
    IMAGES,
    PROMPTS,
    assert_same_features,
    features,
    loaded_from,
)


def kind_of(loaded):
    (kind,) = {type(block.mlp.gelu).__name__ for block in loaded.model.transformer.resblocks}
    return kind


@pytest.fixture(scope="module")
def theirs():
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
    return model


class TestTransformers:
    @pytest.mark.parametrize("most", ["1GB", "5MB"])
    def test_a_folder_gives_the_features_of_its_library(self, theirs, tmp_path, caplog, most):
        """Of one file or of several."""
        theirs.save_pretrained(tmp_path, max_shard_size=most)
        assert (tmp_path / "model.safetensors").exists() == (most == "1GB")
        with caplog.at_level(logging.INFO):
            loaded = loaded_from(tmp_path)
        tokens = loaded.tokenizer(PROMPTS)
        with torch.no_grad():
            expected = theirs.get_image_features(IMAGES), theirs.get_text_features(tokens)
        for found, wanted in zip(features(loaded.model, tokens), expected, strict=True):
            wanted = getattr(wanted, "pooler_output", wanted)  # since transformers 5
            torch.testing.assert_close(found, wanted, rtol=0, atol=1e-5)
        assert "quick_gelu" in caplog.text
        assert not [r for r in caplog.records if r.levelno >= logging.WARNING]

    def test_its_config_decides_the_activation_and_the_heads(self, theirs, tmp_path):
        def load(**changes):
            config = json.loads((tmp_path / "config.json").read_text())
            for tower in ("text_config", "vision_config"):
                config[tower] = config[tower] | changes
            (tmp_path / "config.json").write_text(json.dumps(config))
            return loaded_from(tmp_path)

        theirs.save_pretrained(tmp_path)
        assert kind_of(load(hidden_act="gelu")) == "GELU"
        with pytest.raises(ValueError, match=r"gelu_fast.*'quick_gelu', 'gelu'"):
            load(hidden_act="gelu_fast")
        with pytest.raises(ValueError, match=r"width 64 has 4 heads.*would use 1.*open_clip"):
            load(hidden_act="gelu", num_attention_heads=4)


class TestTrainings:
    @pytest.mark.parametrize("prefix", ["clip_model.", "_orig_mod.", "module.model."])
    def test_prefixes_are_removed(self, tmp_path, prefix):
        model, path = random_clip(), tmp_path / "clip.pt"
        state = {prefix + key: value for key, value in model.state_dict().items()}
        state = {key.replace("visual.", "visual._orig_mod."): state[key] for key in state}
        state["head.weight"] = torch.ones(3)
        extras = {"epoch": 3, "best": np.float64(0.5), "args": argparse.Namespace(lr=0.1)}
        torch.save({"state_dict": state, **extras}, path)
        loaded = loaded_from(path)
        assert_same_features(loaded.model, model, loaded.tokenizer(PROMPTS))

    def test_other_contents(self, tmp_path):
        path, state = tmp_path / "clip.pt", random_clip().state_dict()
        names = ("visual.ln_post.weight", "visual.proj", "ln_final.weight", "logit_scale")
        two = {f"{name}.{key}": state[key] for name in ("student", "teacher") for key in state}
        for content, message in [
            (two, r"2 models, .*student\., teacher\."),
            (state | {"visual.adapter": torch.ones(2)}, r"visual\.adapter"),
            *(({k: state[k] for k in state if k != n}, rf" CLIP .*{n}.*all") for n in names),
            (random_clip(), r"clip\.model\.CLIP.*state_dict"),
        ]:
            torch.save(content, path)
            with pytest.raises(ValueError, match=rf"clip\.pt.*{message}") as error:
                loaded_from(path)
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
    def test_an_archive_of_openai_is_known(self, tmp_path, caplog):
        save_archive(tmp_path / "clip.pt")
        assert kind_of(loaded_from(tmp_path / "clip.pt")) == "QuickGELU"
        assert "ACTIVATION" not in caplog.text

    def test_a_state_dict_is_not_known(self, tmp_path, caplog):
        """But a config of open_clip beside it is."""
        arch, own = "freecp-tests-tiny", str(tmp_path / "own.pt")
        path = str(save_state_dict(tmp_path / "clip.pt"))
        with registered(tmp_path / "configs", {arch: TINY_OPEN_CLIP}):
            torch.save(random_open_clip(arch).state_dict(), own)
            for library, name, file, default, other in (
                ("clip", "custom", path, "QuickGELU", "GELU"),
                ("open_clip", arch, own, "GELU", "QuickGELU"),
            ):
                caplog.clear()
                assert kind_of(loaded_from(file, name, library)) == default
                (message,) = [text for text in caplog.messages if "MODEL.CLIP.ACTIVATION" in text]
                assert file in message
                caplog.clear()
                wanted = {"GELU": "gelu", "QuickGELU": "quick_gelu"}[other]
                assert kind_of(load_clip(library, name, file, "fp32", "", wanted)) == other
                assert not caplog.records
            config = {"model_cfg": TINY_OPEN_CLIP | {"quick_gelu": True}}
            (tmp_path / "open_clip_config.json").write_text(json.dumps(config))
            assert kind_of(loaded_from(own, arch, "open_clip")) == "QuickGELU"
            assert not [text for text in caplog.messages if "MODEL.CLIP.ACTIVATION" in text]
        with pytest.raises(ValueError, match=r'ACTIVATION="relu".*quick_gelu'):
            load_clip("clip", "custom", path, "fp32", "", "relu")
