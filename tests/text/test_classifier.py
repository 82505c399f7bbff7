"""Text features of words and classes: equations, order of rows, caches, batches."""

import pytest
import torch
import torch.nn.functional as F

from freecp_d2.text import SIMPLE, Descriptions, Vocabulary
from freecp_d2.text import classifier as classifier_module
from freecp_d2.text.classifier import TextClassifier

TEMPLATES = ("a {}.", "a photo of the {}.")
VOCABULARY = Vocabulary("pets", (("cat", "kitten"), ("dog",)), ("sky",))
DESCRIPTIONS = Descriptions({"cat": ["it purrs", "a furry pet", "a cat."], "dog": ["it barks"]})


class TableEncoder:
    """Features from a table; records the batches."""

    digest, device = "table", torch.device("cpu")

    def __init__(self, table=None):
        self.table, self.batches = table or {}, []

    def num_tokens(self, prompts):
        return [len(prompt.split()) for prompt in prompts]

    def __call__(self, prompts):
        self.batches.append(list(prompts))
        return torch.tensor([self.table.get(p, [float(len(p)), 1.0]) for p in prompts])


class SilentEncoder(TableEncoder):
    def __call__(self, prompts):
        raise AssertionError("encoded although it is cached")

    num_tokens = __call__


def words_of(encoder, vocabulary, templates, cache_dir, descriptions=None, **options):
    classifier = TextClassifier(encoder, templates, cache_dir=cache_dir, **options)
    return classifier.word_features(vocabulary, descriptions)


def classes_of(encoder, descriptions, templates, cache_dir):
    classifier = TextClassifier(encoder, templates, cache_dir=cache_dir)
    return classifier.class_features(VOCABULARY, descriptions)


def direct(encoder, prompts):
    return F.normalize(F.normalize(encoder(list(prompts)), dim=-1).mean(dim=0), dim=0)


def encoded(encoder):
    """The prompts since the last call."""
    prompts = [prompt for batch in encoder.batches for prompt in batch]
    encoder.batches.clear()
    return prompts


def test_normalise_mean_normalise_by_hand(tmp_path):
    encoder = TableEncoder({"a cat.": [3.0, 4.0], "a photo of the cat.": [0.0, 9.0]})
    features = words_of(encoder, Vocabulary("v", (("cat",),)), TEMPLATES, tmp_path)
    # The mean of (0.6, 0.8) and (0, 1) is (0.3, 0.9), of length sqrt(0.9). Without the first
    # normalisation the result has the direction of (1.5, 6.5).
    expected = torch.tensor([[0.3, 0.9]]) / 0.9**0.5
    torch.testing.assert_close(features, expected)


def test_synonyms_of_a_class_have_equal_weight(tmp_path):
    table = {"purrs": [2.0, 0.0, 0.0], "furry": [0.0, 5.0, 0.0], "a kitten.": [0.0, 0.0, 7.0]}
    encoder = TableEncoder(table | {"barks": [0.0, 3.0, 4.0]})
    descriptions = Descriptions({"cat": ["purrs", "furry"], "dog": ["barks"]})
    features = classes_of(encoder, descriptions, ("a {}.",), tmp_path)
    # The mean of (1/2, 1/2, 0) and (0, 0, 1) has the direction of (1, 1, 2).
    expected = torch.tensor([[6**-0.5, 6**-0.5, 2 * 6**-0.5], [0.0, 0.6, 0.8]])
    torch.testing.assert_close(features, expected)


def test_rows_follow_vocabulary_words(encoder, tmp_path):
    words = ["sky", "cat", "kitten", "dog"]
    expected = torch.stack([direct(encoder, (f"a {w}.", f"a photo of the {w}.")) for w in words])
    for size in (1, 3, 256):
        features = words_of(encoder, VOCABULARY, TEMPLATES, tmp_path / str(size), batch_size=size)
        torch.testing.assert_close(features, expected, atol=1e-5, rtol=0)
        torch.testing.assert_close(features.norm(dim=-1), torch.ones(4))


def test_class_features(encoder, tmp_path):
    """Of descriptions, with a word that falls back to the templates; of templates alone."""
    units = F.normalize(encoder(["it purrs", "a furry pet", "a cat.", "a photo of a kitten."]))
    described = F.normalize(units[:3].mean(dim=0) + units[3], dim=0), direct(encoder, ["it barks"])
    plain = direct(encoder, ["a cat.", "a kitten."]), direct(encoder, ["a dog."])
    for descriptions, templates, expected in (
        (DESCRIPTIONS, SIMPLE, described),
        (None, ("a {}.",), plain),
    ):
        features = classes_of(encoder, descriptions, templates, tmp_path)
        torch.testing.assert_close(features, torch.stack(expected), atol=1e-5, rtol=0)


def test_batches_are_full_and_sorted_by_tokens_and_repeat_no_prompt(tmp_path):
    encoder = TableEncoder()
    words = tuple((f"very {'big ' * (i % 5)}cat {i}",) for i in range(10))
    vocabulary = Vocabulary("v", words, words[3])
    features = words_of(encoder, vocabulary, TEMPLATES, tmp_path, batch_size=8)
    torch.testing.assert_close(features[0], features[4])
    assert [len(batch) for batch in encoder.batches] == [8, 8, 4]
    prompts = encoded(encoder)
    assert len(set(prompts)) == 20
    lengths = encoder.num_tokens(prompts)
    assert lengths == sorted(lengths)
    assert lengths[0] < lengths[-1]


def test_second_start_encodes_nothing(tmp_path):
    first = words_of(TableEncoder(), VOCABULARY, TEMPLATES, tmp_path)
    assert words_of(SilentEncoder(), VOCABULARY, TEMPLATES, tmp_path).equal(first)
    first = classes_of(TableEncoder(), DESCRIPTIONS, TEMPLATES, tmp_path)
    assert classes_of(SilentEncoder(), DESCRIPTIONS, TEMPLATES, tmp_path).equal(first)


def test_only_new_words_are_encoded(tmp_path):
    encoder = TableEncoder()
    classifier = TextClassifier(encoder, TEMPLATES, cache_dir=tmp_path)
    first = classifier.word_features(VOCABULARY)
    assert len(encoded(encoder)) == 8
    assert classifier.class_features(VOCABULARY, None).shape == (2, 2)
    assert encoded(encoder) == [], "these prompts are in memory"
    first.zero_()  # must not change the rows in memory
    more = Vocabulary("pets", (("dog",), ("cow",), ("kitten", "cat")))
    features = classifier.word_features(more)
    assert sorted(encoded(encoder)) == ["a cow.", "a photo of the cow."]
    fresh = words_of(TableEncoder(), more, TEMPLATES, tmp_path / "other")
    torch.testing.assert_close(features, fresh)
    encoder.digest = "other"
    classifier.word_features(VOCABULARY)
    assert len(encoded(encoder)) == 8, "other weights"


def test_memory_keeps_the_rows_that_were_used_last(tmp_path, monkeypatch):
    monkeypatch.setattr(classifier_module, "_MAX_ROWS", 2)
    encoder = TableEncoder()
    classifier = TextClassifier(encoder, ("a {}",), cache_dir=tmp_path)

    def new(*words):
        vocabulary = Vocabulary("v", tuple((w,) for w in words))
        found = classifier.word_features(vocabulary, on_disk=False)
        assert len(found) == len(classifier.class_features(vocabulary, None, on_disk=False))
        return encoded(encoder)

    assert new("cat", "dog") == ["a cat", "a dog"]
    assert new("cat") == []
    assert new("cow") == ["a cow"]
    assert new("cat", "cow") == []
    assert new("dog") == ["a dog"]
    assert set(new("owl", "bee", "ant")) == {"a owl", "a bee", "a ant"}, "more than it holds"
    assert list(tmp_path.iterdir()) == []


def test_other_content_is_encoded(tmp_path):
    settings = {"vocabulary": VOCABULARY, "templates": TEMPLATES, "descriptions": DESCRIPTIONS}
    words_of(TableEncoder(), **settings, cache_dir=tmp_path)
    for change in (
        {"vocabulary": Vocabulary("pets", (("cat", "kitten"), ("cow",)), ("sky",))},
        {"vocabulary": Vocabulary("pets", (("kitten", "cat"), ("dog",)), ("sky",))},
        {"templates": TEMPLATES[:1]},
        {"descriptions": Descriptions({"cat": ["it purrs"]})},
    ):
        encoder = TableEncoder()
        words_of(encoder, **settings | change, cache_dir=tmp_path)
        assert encoder.batches, change


def test_fallback_is_reported_once(tmp_path, log):
    descriptions = Descriptions({"cat": ["it purrs"], "dog": ["it barks"]}, name=str(tmp_path))
    for encoder in (TableEncoder(), SilentEncoder()):
        classes_of(encoder, descriptions, SIMPLE, tmp_path)
    [warning] = log.warnings
    for fact in (str(tmp_path), "Eq. (8)", "1 of 3 words", "kitten"):
        assert fact in warning


def test_refuses_features_that_are_not_finite_and_empty_batches(tmp_path):
    encoder = TableEncoder({"a dog": [1.0, 0.0], "a cat": [float("nan"), 1.0]})
    with pytest.raises(ValueError, match="text features for 'a cat' that are NaN"):
        words_of(encoder, Vocabulary("v", (("dog",), ("cat",))), ("a {}",), tmp_path)
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(ValueError, match="batch_size=0"):
        TextClassifier(TableEncoder(), SIMPLE, cache_dir=tmp_path, batch_size=0)


def test_progress_bar_is_drawn_on_long_runs_and_when_asked(tmp_path, capsys, monkeypatch):
    for long_run, show_progress, drawn in ((7, True, True), (8, True, False), (7, False, False)):
        monkeypatch.setattr(classifier_module, "_LONG_RUN", long_run)
        folder = tmp_path / f"{long_run}{show_progress}"
        words_of(TableEncoder(), VOCABULARY, TEMPLATES, folder, show_progress=show_progress)
        assert ("text features: 100%" in capsys.readouterr().err) == drawn
