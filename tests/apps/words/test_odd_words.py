"""Words that no benchmark has segment an image as any others do, and what is said of them."""

import logging
import resource
from pathlib import Path

import pytest
import torch

from freecp_d2.d2 import build_model
from freecp_d2.engine import load_config
from freecp_d2.text import TextClassifier, TextEncoder, Vocabulary, get_templates, load_vocabulary
from tests.helpers.random_clip import random_clip

CONFIG = Path(__file__).parents[3] / "configs/storybook/sclip_freecp.yaml"
HEIGHT, WIDTH = 64, 80
LONG = " ".join(f"word{i}" for i in range(300))


@pytest.fixture
def said():
    """What the package logs, at any level: (level, message)."""
    logger, records = logging.getLogger("freecp_d2"), []

    class _Keeper(logging.Handler):
        def emit(self, record):
            records.append((record.levelname, record.getMessage()))

    handler, level = _Keeper(), logger.level
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    try:
        yield records
    finally:
        logger.removeHandler(handler)
        logger.setLevel(level)


@pytest.fixture
def image():
    generator = torch.Generator().manual_seed(0)
    return torch.randint(0, 256, (3, HEIGHT, WIDTH), dtype=torch.uint8, generator=generator)


def segment(cfg, words, image):
    """Scores (K, HEIGHT, WIDTH) of a model that is built for these words."""
    cfg.MODEL.TEXT.VOCABULARY = words
    return build_model(cfg).eval()([{"image": image}])[0]["sem_seg"]


def check(scores, num_classes):
    assert scores.shape == (num_classes, HEIGHT, WIDTH)
    assert scores.isfinite().all()


@pytest.mark.parametrize(
    ("words", "num_classes"),
    [
        ("flumph; zorblat; dog", 3),
        ("\U0001f431; \U0001f3f3\ufe0f\u200d\U0001f308, \U0001f9a9; dog", 3),
        ("قطة, هريرة; כלב; dog", 3),  # right to left
        ("猫;ねこ, 고양이; ιερός; кошка", 4),
        ("cat; cat; Cat, cat; background: cat", 4),
        ("&nbsp;; <|endoftext|>; {}; %s", 4),  # nothing to CLIP, its own token, placeholders
        ("\u200b; \u0007; -; 1", 4),
    ],
)
def test_words_of_no_benchmark(words, num_classes, tiny_cfg, image):
    check(segment(tiny_cfg, words, image), num_classes)


def test_a_word_of_300_words_is_cut_as_clip_does_and_said_once(tiny_cfg, image, said):
    check(segment(tiny_cfg, f"cat; {LONG}", image), 2)
    cut = [message for _, message in said if "longer than the 77 tokens" in message]
    assert len(cut) == 1
    assert "word299" in cut[0]
    # CLIP reads the same of it with another tail.
    scores = segment(tiny_cfg, f"cat; {LONG} and more", image)
    torch.testing.assert_close(scores, segment(tiny_cfg, f"cat; {LONG}", image))


def test_2000_words(tiny_cfg, image, tmp_path):
    path = tmp_path / "many.txt"
    path.write_text("\n".join(f"thing {i}" for i in range(2000)))
    # To random weights these are all equally likely, so Eq. (5) may drop every one.
    check(segment(tiny_cfg, str(path), image), 2000)
    tiny_cfg.MODEL.PURIFICATION_HEAD.NAME = ""
    scores = segment(tiny_cfg, str(path), image)
    check(scores, 2000)
    assert (scores.amax(dim=0) > 0).all()
    vocabulary = load_vocabulary("; ".join(f"thing {i}" for i in range(2000)))
    assert vocabulary == Vocabulary(vocabulary.name, load_vocabulary(path).classes)
    assert len(set(vocabulary.colors)) == len(set(vocabulary.display_names)) == 2000


def test_2000_words_for_a_trained_clip(image):
    cfg = load_config(str(CONFIG), ["MODEL.TEXT.TEMPLATES", "simple"])
    cfg = cfg.clone()
    cfg.defrost()
    cfg.DATASETS.TEST = ()
    cfg.MODEL.DEVICE = "cpu"
    known = load_vocabulary("storybook_wide").class_names
    scores = segment(cfg, "; ".join([*known, *(f"thing {i}" for i in range(1919))]), image)
    check(scores, 2000)
    assert (scores.amax(dim=0) > 0).all()


def test_other_words_for_a_model_that_is_built(tiny_cfg, image):
    model = build_model(tiny_cfg).eval()
    for words in ("flumph;", "\U0001f431; قطة", f"{LONG};"):
        model.set_vocabulary(load_vocabulary(words))
        check(model([{"image": image}])[0]["sem_seg"], words.rstrip(";").count(";") + 1)


class TestMissingDescriptions:
    WORDS = "cat; flumph, zorblat; \U0001f431"

    def test_templates_are_used_and_it_is_said_once(self, tiny_cfg, image, said, tmp_path):
        (tmp_path / "d.json").write_text('{"cat": ["a furry animal with whiskers"]}')
        tiny_cfg.MODEL.TEXT.DESCRIPTIONS = str(tmp_path / "d.json")
        check(segment(tiny_cfg, self.WORDS, image), 3)
        told = [message for _, message in said if "have no descriptions" in message]
        assert told == [
            f"{tmp_path / 'd.json'}, for Eq. (8): 3 of 4 words have no descriptions and use the "
            "templates: flumph, zorblat, \U0001f431."
        ]

    def test_the_features_are_those_of_templates(self, tiny_cfg, tmp_path):
        (tmp_path / "d.json").write_text('{"cat": ["a furry animal with whiskers"]}')
        tiny_cfg.MODEL.TEXT.VOCABULARY = self.WORDS
        plain = build_model(tiny_cfg).text_head.class_features
        tiny_cfg.MODEL.TEXT.DESCRIPTIONS = str(tmp_path / "d.json")
        described = build_model(tiny_cfg).text_head.class_features
        changed = ((plain - described).abs() > 1e-4).any(dim=1)
        assert changed.tolist() == [True, False, False]


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
