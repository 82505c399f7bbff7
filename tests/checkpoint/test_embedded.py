"""The embedded CLIP: its files, their hashes, and a model from a config."""

import hashlib

import pytest
import torch
import torch.nn.functional as F
from safetensors.torch import save_file

from freecp_d2.checkpoint import catalogue
from freecp_d2.checkpoint.catalogue import EMBEDDED_SHA256, embedded_merges
from freecp_d2.modeling.backbone import load_clip, load_clip_from_config
from freecp_d2.modeling.text_head import TextHead
from freecp_d2.text import CLIPTokenizer
from tests.helpers.merges import merges_for, num_tokens, write_merges
from tests.helpers.random_clip import TINY, random_clip

WEIGHTS, MERGES = EMBEDDED_SHA256


@pytest.fixture
def files(tmp_path, monkeypatch):
    """The folder of a random CLIP that replaces the embedded one."""
    merges = merges_for(["a photo of a cat.", "kitten, dog, tree, sky"])
    write_merges(tmp_path / MERGES, merges)
    state = random_clip(TINY | {"vocab_size": num_tokens(merges)}).state_dict()
    save_file({key: value.half() for key, value in state.items()}, tmp_path / WEIGHTS)
    monkeypatch.setattr(catalogue, "_WEIGHTS_DIR", tmp_path)
    for name in (WEIGHTS, MERGES):
        digest = hashlib.sha256((tmp_path / name).read_bytes()).hexdigest()
        monkeypatch.setitem(EMBEDDED_SHA256, name, digest)
    return tmp_path


@pytest.fixture
def cfg(tiny_cfg, files):
    tiny_cfg.MODEL.CLIP.PRETRAINED = "storybook"
    return tiny_cfg


class TestFiles:
    def test_another_or_no_file(self, cfg, files, monkeypatch):
        for name in (MERGES, WEIGHTS):
            found = EMBEDDED_SHA256[name]
            monkeypatch.setitem(EMBEDDED_SHA256, name, "0" * 64)
            with pytest.raises(ValueError, match=rf"{name} .*{found}, expected 0{{64}}"):
                load_clip_from_config(cfg)
            (files / name).unlink()
            with pytest.raises(FileNotFoundError, match=rf"{name}.*git checkout -- .*{name}`"):
                load_clip_from_config(cfg)

    def test_the_files_in_the_package(self):
        assert (catalogue._WEIGHTS_DIR / WEIGHTS).stat().st_size <= 10 * 1024**2
        loaded = load_clip("clip", "custom", "storybook", "fp32")
        assert loaded.model.vocab_size == CLIPTokenizer(embedded_merges()).num_tokens


class TestLoading:
    def test_weights_and_tokenizer(self, cfg, tmp_path, monkeypatch):
        """A local file with the same name is not used."""
        monkeypatch.chdir(tmp_path)
        (tmp_path / "storybook").write_text("no weights")
        loaded = load_clip_from_config(cfg)
        vocab_size = CLIPTokenizer(embedded_merges()).num_tokens
        expected = random_clip(TINY | {"vocab_size": vocab_size}).half().float().state_dict()
        found = loaded.model.state_dict()
        assert found.keys() == expected.keys()
        assert all(torch.equal(found[key], expected[key]) for key in expected)
        tokens = loaded.tokenizer(["a cat", "Ωμέγα 🐈"])
        assert tokens.shape == (2, 77)
        assert tokens.max() == loaded.model.vocab_size - 1

    def test_a_wrong_path_names_the_embedded_one(self):
        with pytest.raises(FileNotFoundError, match=r"'openai', 'storybook'"):
            load_clip("clip", "custom", "story", "fp32")

    def test_weights_and_merges_that_differ(self, cfg, files, monkeypatch):
        write_merges(files / MERGES, merges_for(["cat"]))
        digest = hashlib.sha256((files / MERGES).read_bytes()).hexdigest()
        monkeypatch.setitem(EMBEDDED_SHA256, MERGES, digest)
        with pytest.raises(ValueError, match=r"516 .*merges\.txt\.gz"):
            load_clip_from_config(cfg)


class TestTextHead:
    def test_features_equal_the_librarys(self, cfg):
        head = TextHead(cfg)
        # The library's own way: all 77 tokens, the feature of the highest id.
        clip = load_clip_from_config(cfg)
        prompts = [f"a photo of a {word}." for word in ("sky", "cat", "kitten", "dog", "tree")]
        expected = F.normalize(clip.model.encode_text(clip.tokenizer(prompts)), dim=1)
        torch.testing.assert_close(head.word_features, expected, rtol=0, atol=1e-5)
        assert head.encoder.num_tokens(["cat", "a photo of a kitten."]) == [3, 8]
