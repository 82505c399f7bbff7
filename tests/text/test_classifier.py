"""Text features of words and classes: the maths by hand, the order of rows, the cache, batching."""

import clip
import pytest
import torch
import torch.nn.functional as F
from torch import nn

from freecp_d2.text import SIMPLE, Descriptions, TextClassifier, TextEncoder, Vocabulary
from freecp_d2.text import classifier as classifier_module

from .tiny_text_models import make_clip

TEMPLATES = ("a {}.", "a photo of the {}.")
VOCABULARY = Vocabulary("pets", (("cat", "kitten"), ("dog",)), ("sky",))
DESCRIPTIONS = Descriptions({"cat": ["it purrs", "a furry pet", "a cat."], "dog": ["it barks"]})


class TableEncoder(nn.Module):
    """Looks features up in a table, and keeps the batches it was asked for."""

    digest, device = "table", torch.device("cpu")

    def __init__(self, table=None):
        super().__init__()
        self.table, self.batches = table, []

    def num_tokens(self, prompts):
        return [len(prompt.split()) for prompt in prompts]

    def forward(self, prompts):
        self.batches.append(list(prompts))
        if self.table is None:
            return torch.tensor([[float(len(prompt)), 1.0] for prompt in prompts])
        return torch.tensor([self.table[prompt] for prompt in prompts])


class SilentEncoder(TableEncoder):
    def forward(self, prompts):
        raise AssertionError("encoded although it is cached")

    num_tokens = forward


def words_of(encoder, vocabulary, templates, cache_dir, descriptions=None, **options):
    classifier = TextClassifier(encoder, templates, cache_dir=cache_dir, **options)
    return classifier.word_features(vocabulary, descriptions)


def classes_of(encoder, vocabulary, descriptions, templates, cache_dir, **options):
    classifier = TextClassifier(encoder, templates, cache_dir=cache_dir, **options)
    return classifier.class_features(vocabulary, descriptions)


def test_normalise_mean_normalise_by_hand(tmp_path):
    encoder = TableEncoder({"a cat.": [3.0, 4.0], "a photo of the cat.": [0.0, 9.0]})
    features = words_of(encoder, Vocabulary("v", (("cat",),)), TEMPLATES, tmp_path)
    # (0.6, 0.8) and (0, 1): mean (0.3, 0.9), length sqrt(0.9). Without the first normalisation
    # it would be the direction of (1.5, 6.5).
    expected = torch.tensor([[0.3, 0.9]]) / 0.9**0.5
    torch.testing.assert_close(features, expected)


def test_description_features_by_hand(tmp_path):
    """The synonyms of a class count alike, however many prompts each has."""
    table = {"purrs": [2.0, 0.0, 0.0], "furry": [0.0, 5.0, 0.0], "a kitten.": [0.0, 0.0, 7.0]}
    encoder = TableEncoder(table | {"barks": [0.0, 3.0, 4.0]})
    descriptions = Descriptions({"cat": ["purrs", "furry"], "dog": ["barks"]})
    features = classes_of(encoder, VOCABULARY, descriptions, ("a {}.",), tmp_path)
    # The mean of (1/2, 1/2, 0) and (0, 0, 1), and so the direction of (1, 1, 2).
    expected = torch.tensor([[6**-0.5, 6**-0.5, 2 * 6**-0.5], [0.0, 0.6, 0.8]])
    torch.testing.assert_close(features, expected)


def direct(encoder, prompts):
    return F.normalize(F.normalize(encoder(list(prompts)), dim=-1).mean(dim=0), dim=0)


@pytest.mark.parametrize("batch_size", [1, 3, 256])
def test_rows_follow_vocabulary_words(encoder, tmp_path, batch_size):
    features = words_of(encoder, VOCABULARY, TEMPLATES, tmp_path, batch_size=batch_size)
    words = ["sky", "cat", "kitten", "dog"]
    expected = [direct(encoder, (f"a {w}.", f"a photo of the {w}.")) for w in words]
    torch.testing.assert_close(features, torch.stack(expected), atol=1e-5, rtol=0)
    torch.testing.assert_close(features.norm(dim=-1), torch.ones(4))


def test_classes_with_descriptions_and_fallback(encoder, tmp_path):
    features = classes_of(encoder, VOCABULARY, DESCRIPTIONS, SIMPLE, tmp_path)
    units = F.normalize(
        encoder(["it purrs", "a furry pet", "a cat.", "a photo of a kitten."]), dim=-1
    )
    cat = F.normalize(units[:3].mean(dim=0) + units[3], dim=0)
    expected = torch.stack([cat, direct(encoder, ["it barks"])])
    torch.testing.assert_close(features, expected, atol=1e-5, rtol=0)


def test_without_descriptions_classes_use_the_templates(encoder, tmp_path):
    features = classes_of(encoder, VOCABULARY, None, ("a {}.",), tmp_path)
    expected = torch.stack([direct(encoder, ["a cat.", "a kitten."]), direct(encoder, ["a dog."])])
    torch.testing.assert_close(features, expected, atol=1e-5, rtol=0)


def test_words_may_use_descriptions_too(encoder, tmp_path):
    features = words_of(encoder, VOCABULARY, SIMPLE, tmp_path, DESCRIPTIONS)
    prompts = [["a photo of a sky."], DESCRIPTIONS.prompts("cat", ()), ["a photo of a kitten."]]
    expected = torch.stack([direct(encoder, row) for row in [*prompts, ["it barks"]]])
    torch.testing.assert_close(features, expected, atol=1e-5, rtol=0)


def test_a_word_that_is_class_and_background_has_two_equal_rows(tmp_path):
    encoder = TableEncoder()
    vocabulary = Vocabulary("v", (("bed",), ("dog",)), ("bed",))
    features = words_of(encoder, vocabulary, TEMPLATES, tmp_path)
    torch.testing.assert_close(features[0], features[1])
    encoded = [prompt for batch in encoder.batches for prompt in batch]
    assert len(encoded) == len(set(encoded)) == 4


def test_batches_are_full_and_sorted_by_tokens(tmp_path):
    encoder = TableEncoder()
    vocabulary = Vocabulary("v", tuple((f"very {'big ' * (i % 5)}cat {i}",) for i in range(10)))
    words_of(encoder, vocabulary, TEMPLATES, tmp_path, batch_size=8)
    assert [len(batch) for batch in encoder.batches] == [8, 8, 4]
    lengths = encoder.num_tokens([prompt for batch in encoder.batches for prompt in batch])
    assert lengths == sorted(lengths)
    assert lengths[0] < lengths[-1]


def test_second_start_encodes_nothing(tmp_path):
    first = words_of(TableEncoder(), VOCABULARY, TEMPLATES, tmp_path)
    assert words_of(SilentEncoder(), VOCABULARY, TEMPLATES, tmp_path).equal(first)
    eq8 = (VOCABULARY, DESCRIPTIONS, TEMPLATES)
    first = classes_of(TableEncoder(), *eq8, tmp_path)
    assert classes_of(SilentEncoder(), *eq8, tmp_path).equal(first)


def encoded(encoder):
    prompts = [prompt for batch in encoder.batches for prompt in batch]
    encoder.batches.clear()
    return prompts


def test_a_word_more_costs_one_word(tmp_path):
    encoder = TableEncoder()
    classifier = TextClassifier(encoder, TEMPLATES, cache_dir=tmp_path)
    classifier.word_features(VOCABULARY)
    assert len(encoded(encoder)) == 8
    assert classifier.class_features(VOCABULARY, None).shape == (2, 2)
    assert encoded(encoder) == [], "the templates of these words are known"
    more = Vocabulary("pets", (("dog",), ("cow",), ("kitten", "cat")))
    features = classifier.word_features(more)
    assert sorted(encoded(encoder)) == ["a cow.", "a photo of the cow."]
    fresh = words_of(TableEncoder(), more, TEMPLATES, tmp_path / "other")
    torch.testing.assert_close(features, fresh)


def test_moved_weights_are_other_words(tmp_path):
    encoder = TableEncoder()
    classifier = TextClassifier(encoder, TEMPLATES, cache_dir=tmp_path)
    classifier.word_features(VOCABULARY)
    encoder.digest = "other"
    encoded(encoder)
    classifier.word_features(VOCABULARY)
    assert len(encoded(encoder)) == 8


def test_words_that_shall_leave_no_trace_on_disk(tmp_path):
    classifier = TextClassifier(TableEncoder(), TEMPLATES, cache_dir=tmp_path)
    found = classifier.word_features(VOCABULARY, on_disk=False)
    classifier.class_features(VOCABULARY, None, on_disk=False)
    assert list(tmp_path.iterdir()) == []
    assert classifier.word_features(VOCABULARY).equal(found)


@pytest.mark.parametrize("change", ["weights", "words", "synonyms", "templates", "descriptions"])
def test_other_content_is_encoded(tmp_path, change):
    arguments = {"vocabulary": VOCABULARY, "templates": TEMPLATES, "descriptions": DESCRIPTIONS}
    words_of(TableEncoder(), **arguments, cache_dir=tmp_path)
    encoder = TableEncoder()
    if change == "weights":
        encoder.digest = "other"
    arguments |= {
        "words": {"vocabulary": Vocabulary("pets", (("cat", "kitten"), ("cow",)), ("sky",))},
        "synonyms": {"vocabulary": Vocabulary("pets", (("kitten", "cat"), ("dog",)), ("sky",))},
        "templates": {"templates": TEMPLATES[:1]},
        "descriptions": {"descriptions": Descriptions({"cat": ["it purrs"]})},
    }.get(change, {})
    words_of(encoder, **arguments, cache_dir=tmp_path)
    assert encoder.batches


def test_weights_of_a_real_model_decide(tmp_path):
    def build(seed):
        encoder = TextEncoder(make_clip(seed), clip.tokenize)
        return words_of(encoder, VOCABULARY, SIMPLE, tmp_path)

    first, second = build(0), build(1)
    assert (first - second).abs().max() > 0.1
    assert build(0).equal(first)
    assert len(list(tmp_path.iterdir())) == 2


def test_fallback_is_said_once(tmp_path, log):
    descriptions = Descriptions({"cat": ["it purrs"], "dog": ["it barks"]}, name=str(tmp_path))
    for encoder in (TableEncoder(), SilentEncoder()):
        classes_of(encoder, VOCABULARY, descriptions, SIMPLE, tmp_path)
    assert log.warnings == [
        f"{tmp_path}, for Eq. (8): 1 of 3 words have no descriptions and use the templates: kitten."
    ]


@pytest.mark.parametrize("bad", [float("nan"), float("inf")])
def test_features_that_are_not_finite_are_refused_and_not_cached(tmp_path, bad):
    encoder = TableEncoder({"a dog": [1.0, 0.0], "a cat": [bad, 1.0]})
    with pytest.raises(ValueError, match="got NaN or infinite text features for 'a cat'"):
        words_of(encoder, Vocabulary("v", (("dog",), ("cat",))), ("a {}",), tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_batch_size_must_be_positive(tmp_path):
    with pytest.raises(ValueError, match="got batch_size=0, expected at least 1"):
        TextClassifier(TableEncoder(), SIMPLE, cache_dir=tmp_path, batch_size=0)


@pytest.mark.parametrize(
    ("long_run", "show_progress", "drawn"), [(7, True, True), (8, True, False), (7, False, False)]
)
def test_progress_bar_only_on_long_runs_and_when_asked(
    tmp_path, capsys, monkeypatch, long_run, show_progress, drawn
):
    monkeypatch.setattr(classifier_module, "_LONG_RUN", long_run)
    words_of(TableEncoder(), VOCABULARY, TEMPLATES, tmp_path, show_progress=show_progress)
    assert ("text features: 100%" in capsys.readouterr().err) == drawn
