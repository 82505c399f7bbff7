"""The embedded CLIP: its files, their digests, and the path from a config to labels."""

import hashlib

import pytest
import torch
import torch.nn.functional as F
from safetensors.torch import save_file

from freecp_d2.checkpoint import embedded
from freecp_d2.checkpoint.embedded import EMBEDDED_SHA256, embedded_merges, embedded_weights
from freecp_d2.d2 import build_model
from freecp_d2.data.storybook.merges import merges_for, num_tokens, write_merges
from freecp_d2.modeling.backbone import load_clip, load_clip_from_config
from freecp_d2.modeling.text_head import TextHead
from freecp_d2.text import CLIPTokenizer
from tests.helpers.random_clip import TINY, random_clip

WEIGHTS, MERGES = EMBEDDED_SHA256


@pytest.fixture
def files(tmp_path, monkeypatch):
    """A random CLIP in place of the embedded one; the folder of its files."""
    merges = merges_for(["a photo of a cat.", "kitten, dog, tree, sky"])
    write_merges(tmp_path / MERGES, merges)
    state = random_clip(TINY | {"vocab_size": num_tokens(merges)}).state_dict()
    save_file({key: value.half() for key, value in state.items()}, tmp_path / WEIGHTS)
    monkeypatch.setattr(embedded, "_WEIGHTS_DIR", tmp_path)
    for name in (WEIGHTS, MERGES):
        digest = hashlib.sha256((tmp_path / name).read_bytes()).hexdigest()
        monkeypatch.setitem(EMBEDDED_SHA256, name, digest)
    return tmp_path


@pytest.fixture
def cfg(tiny_cfg, files):
    tiny_cfg.MODEL.CLIP.PRETRAINED = "storybook"
    return tiny_cfg


class TestFiles:
    def test_paths(self, files):
        assert embedded_weights() == str(files / WEIGHTS)
        assert embedded_merges() == str(files / MERGES)

    @pytest.mark.parametrize("name", [WEIGHTS, MERGES])
    def test_missing(self, cfg, files, name):
        (files / name).unlink()
        with pytest.raises(
            FileNotFoundError, match=rf"No file .*{name}.*restore .*git checkout -- .*{name}`"
        ):
            load_clip_from_config(cfg)

    @pytest.mark.parametrize("name", [WEIGHTS, MERGES])
    def test_another_file(self, cfg, files, monkeypatch, name):
        found = EMBEDDED_SHA256[name]
        monkeypatch.setitem(EMBEDDED_SHA256, name, "0" * 64)
        with pytest.raises(
            ValueError, match=rf"{name} is not .* SHA-256 is {found}, expected 0{{64}}; restore"
        ):
            load_clip_from_config(cfg)

    def test_read_once(self, files):
        embedded_weights()
        (files / WEIGHTS).write_bytes(b"changed while the process runs")
        assert embedded_weights() == str(files / WEIGHTS)

    def test_those_in_the_package(self):
        folder = embedded._WEIGHTS_DIR
        if not folder.is_dir():
            pytest.skip("no weights in the package yet")
        assert (folder / WEIGHTS).stat().st_size <= 10 * 1024**2
        loaded = load_clip("clip", "custom", "storybook", "fp32")
        assert loaded.model.vocab_size == CLIPTokenizer(embedded_merges()).num_tokens


class TestLoading:
    def test_weights_of_the_file_unrounded(self, cfg):
        loaded = load_clip_from_config(cfg)
        vocab_size = CLIPTokenizer(embedded_merges()).num_tokens
        expected = random_clip(TINY | {"vocab_size": vocab_size}).half().float().state_dict()
        found = loaded.model.state_dict()
        assert found.keys() == expected.keys()
        assert all(torch.equal(found[key], expected[key]) for key in expected)

    def test_the_tokenizer_is_its_own(self, cfg):
        loaded = load_clip_from_config(cfg)
        tokens = loaded.tokenizer(["a cat", "Ωμέγα 🐈"])
        assert tokens.shape == (2, 77)
        assert tokens.max() == loaded.model.vocab_size - 1

    def test_a_local_file_of_that_name_is_not_taken(self, cfg, tmp_path, monkeypatch):
        monkeypatch.chdir(tmp_path)
        (tmp_path / "storybook").write_text("no weights")
        vocab_size = CLIPTokenizer(embedded_merges()).num_tokens
        assert load_clip_from_config(cfg).model.vocab_size == vocab_size

    def test_the_architecture_is_custom(self, cfg):
        cfg.MODEL.CLIP.ARCH = "ViT-B/16"
        with pytest.raises(ValueError, match=r"storybook_clip.*change one .*custom is any size"):
            load_clip_from_config(cfg)

    def test_it_is_named_where_a_path_is_wrong(self):
        with pytest.raises(
            FileNotFoundError, match=r"use one of \['openai', 'storybook'\], a name"
        ):
            load_clip("clip", "custom", "story", "fp32")

    def test_weights_and_merges_that_differ(self, cfg, files, monkeypatch):
        write_merges(files / MERGES, merges_for(["cat"]))
        digest = hashlib.sha256((files / MERGES).read_bytes()).hexdigest()
        monkeypatch.setitem(EMBEDDED_SHA256, MERGES, digest)
        with pytest.raises(ValueError, match=r"tokenizer has 516 \(of .*merges\.txt\.gz\)"):
            load_clip_from_config(cfg)


class TestEndToEnd:
    def test_text_head(self, cfg):
        head = TextHead(cfg)
        assert head.word_features.shape == (5, 32)
        # As the library does it: all 77 tokens, the feature of the highest id.
        clip = load_clip_from_config(cfg)
        prompts = [f"a photo of a {word}." for word in ("sky", "cat", "kitten", "dog", "tree")]
        expected = F.normalize(clip.model.encode_text(clip.tokenizer(prompts)), dim=1)
        torch.testing.assert_close(head.word_features, expected, rtol=0, atol=1e-5)

    def test_a_word_it_knows_is_one_token(self, cfg):
        assert TextHead(cfg).encoder.num_tokens(["cat", "a photo of a kitten."]) == [3, 8]

    def test_words_it_was_not_made_for(self, cfg, tmp_path):
        words = tmp_path / "words.txt"
        words.write_text("xylophone\nsmörgåsbord\n猫\n", encoding="utf-8")
        cfg.MODEL.TEXT.VOCABULARY = str(words)
        features = TextHead(cfg).word_features
        assert features.isfinite().all()
        assert (features @ features.T - torch.eye(3)).tril(-1).max() < 0.9999  # told apart

    def test_an_image(self, cfg):
        model = build_model(cfg).eval()
        image = torch.arange(3 * 48 * 72).reshape(3, 48, 72).mul(37).to(torch.uint8)
        scores = model([{"image": image}])[0]["sem_seg"]
        assert scores.shape == (4, 48, 72)
        assert scores.isfinite().all()
