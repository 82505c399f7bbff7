"""Released architectures; a checkpoint and a tokenizer of different vocabularies."""

import pytest

from freecp_d2.modeling.backbone import load_clip, load_clip_from_config
from freecp_d2.modeling.backbone.clip_files import OPENAI_RESNETS, OPENAI_VITS
from tests.helpers.merges import merges_for, num_tokens, write_merges
from tests.helpers.random_clip import TINY, save_state_dict


@pytest.fixture
def merges(tmp_path):
    """A file of merges, and how many tokens its vocabulary has."""
    found = merges_for(["a photo of a cat.", "kitten, dog, tree, sky"])
    write_merges(tmp_path / "merges.txt.gz", found)
    return str(tmp_path / "merges.txt.gz"), num_tokens(found)


@pytest.fixture
def small(tmp_path, merges):
    """A checkpoint of that vocabulary."""
    return str(save_state_dict(tmp_path / "small.pt", TINY | {"vocab_size": merges[1]}))


class TestVocabulary:
    def test_fewer_embeddings_than_clips_tokenizer(self, small, merges):
        with pytest.raises(
            ValueError,
            match=rf"small\.pt has embeddings of {merges[1]} tokens, the tokenizer has 49408 .*"
            rf"set MODEL\.CLIP\.MERGES.* {merges[1] - 514} for these",
        ):
            load_clip("clip", "custom", small, "fp32")

    def test_merges_of_other_weights(self, tiny_checkpoint, merges):
        with pytest.raises(ValueError, match=rf"of 49408 tokens, .* has {merges[1]} .*merges\.txt"):
            load_clip("clip", "custom", str(tiny_checkpoint), "fp32", merges[0])


class TestMergesKey:
    def test_a_checkpoint_with_its_own_merges(self, tiny_cfg, small, merges):
        tiny_cfg.MODEL.CLIP.PRETRAINED = small
        tiny_cfg.MODEL.CLIP.MERGES = merges[0]
        loaded = load_clip_from_config(tiny_cfg)
        assert load_clip_from_config(tiny_cfg, loaded) is loaded
        tokens = loaded.tokenizer(["a cat", "zebra"])
        assert tokens.max() == merges[1] - 1
        assert loaded.model.encode_text(tokens).isfinite().all()

    def test_open_clip_has_its_own(self, tiny_cfg, merges):
        tiny_cfg.MODEL.CLIP.LIBRARY = "open_clip"
        tiny_cfg.MODEL.CLIP.MERGES = merges[0]
        with pytest.raises(ValueError, match=r"merges\.txt\.gz\" is not read with .*open_clip"):
            load_clip_from_config(tiny_cfg)

    def test_missing(self, tiny_cfg):
        tiny_cfg.MODEL.CLIP.MERGES = "no/merges.gz"
        with pytest.raises(FileNotFoundError, match=r'merges "no/merges\.gz"'):
            load_clip_from_config(tiny_cfg)


def test_nothing_is_released_for_custom():
    with pytest.raises(ValueError, match=r'"openai" has nothing for .*"custom"; name one of.*B/16'):
        load_clip("clip", "custom", "openai", "fp32")


def test_released_architectures():
    """Against open_clip's own table of the same architectures."""
    import open_clip

    for name, found in (OPENAI_VITS | OPENAI_RESNETS).items():
        arch = name.replace("/", "-").replace("@336px", "-336")
        vision = open_clip.get_model_config(arch)["vision_cfg"]
        layers, side = vision["layers"], vision["image_size"]
        if name in OPENAI_RESNETS:
            assert found == (vision["width"], tuple(layers), side)
        else:
            assert found == (vision["width"], layers, vision["patch_size"], side)
