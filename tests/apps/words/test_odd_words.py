"""Images are segmented with unusual and with many words."""

import resource

import pytest
import torch

from freecp_d2.d2 import build_model
from freecp_d2.text import Vocabulary, get_templates, load_vocabulary
from freecp_d2.text.classifier import TextClassifier
from freecp_d2.text.text_encoder import TextEncoder
from tests.helpers.random_clip import random_clip

LONG = " ".join(f"word{i}" for i in range(300))


def segment(cfg, words):
    """Scores (K, 64, 80) of a model that is built for these words."""
    cfg.MODEL.TEXT.VOCABULARY = words
    generator = torch.Generator().manual_seed(0)
    image = torch.randint(0, 256, (3, 64, 80), dtype=torch.uint8, generator=generator)
    scores = build_model(cfg).eval()([{"image": image}])[0]["sem_seg"]
    assert scores.isfinite().all()
    return scores


def test_words_of_no_benchmark(tiny_cfg):
    for words, num_classes in (
        ("flumph; zorblat; dog", 3),
        ("\U0001f431; \U0001f3f3\ufe0f\u200d\U0001f308, \U0001f9a9; dog", 3),
        ("قطة, هريرة; כלב; dog", 3),  # right to left
        ("猫;ねこ, 고양이; ιερός; кошка", 4),
        ("cat; cat; Cat, cat; background: cat", 4),
        ("&nbsp;; <|endoftext|>; {}; %s", 4),  # no token, CLIP's own token, placeholders
        ("\u200b; \u0007; -; 1", 2),
    ):
        assert segment(tiny_cfg, words).shape == (num_classes, 64, 80)


def test_a_word_of_300_words_is_cut_as_clip_does(tiny_cfg):
    scores = segment(tiny_cfg, f"cat; {LONG}")
    torch.testing.assert_close(segment(tiny_cfg, f"cat; {LONG} and more"), scores)


def test_many_words(tiny_cfg, tmp_path):
    path = tmp_path / "many.txt"
    path.write_text("\n".join(f"thing {i}" for i in range(500)))
    # To random weights these are all equally likely, so Eq. (5) may drop every one.
    assert len(segment(tiny_cfg, str(path))) == 500
    tiny_cfg.MODEL.PURIFICATION_HEAD.NAME = ""
    assert (segment(tiny_cfg, str(path)).amax(dim=0) > 0).all()
    vocabulary = load_vocabulary("; ".join(f"thing {i}" for i in range(500)))
    assert vocabulary == Vocabulary(vocabulary.name, load_vocabulary(path).classes)
    assert len(set(vocabulary.colors)) == len(set(vocabulary.display_names)) == 500


@pytest.mark.slow
def test_2000_words_in_80_templates(tmp_path, capsys):
    """160,000 prompts: not all in memory as features, a bar to watch, and once only."""
    import clip

    encoder = TextEncoder(random_clip(), clip.tokenize)
    vocabulary = Vocabulary("many", tuple((f"thing {i}",) for i in range(2000)))
    templates = get_templates("imagenet")
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    rows = TextClassifier(encoder, templates, cache_dir=tmp_path).word_features(vocabulary)
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    assert grown < 250  # MB; token ids of all prompts at once would be 100 of them
    assert rows.shape == (2000, 32)
    assert "160000/160000" in capsys.readouterr().err
    again = TextClassifier(encoder, templates, cache_dir=tmp_path).word_features(vocabulary)
    assert torch.equal(again, rows)
    assert capsys.readouterr().err == ""
