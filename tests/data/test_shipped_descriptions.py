"""The descriptions that ship: complete, short enough, no two alike, each of its own word."""

import functools
import itertools
import json
import re
from pathlib import Path

import numpy as np
import pytest

from freecp_d2.text import CLIPTokenizer, load_descriptions, load_vocabulary, shipped_vocabularies
from freecp_d2.text.descriptions import descriptions_digest

FOLDER = Path(__file__).parents[2] / "freecp_d2" / "data" / "descriptions"
NUM_SENTENCES = 15  # three instructions, five answers (Sec. 4.2)
CONTEXT_LENGTH = 77
OTHER_FORMS = {
    "bulletinboard": "board",
    "conveyerbelt": "conveyor belt",
    "knife": "knives",
    "person": "people",
    "pooltable": "table",
    "tradename": "brand name",
}
"""Word -> what its name becomes besides an s, its head where it is glued, the usual spelling."""


@functools.cache
def visual():
    """Word -> sentences of the set for the eight benchmarks."""
    return json.loads((FOLDER / "visual.json").read_text(encoding="utf-8"))["descriptions"]


def letters(text):
    return "".join(re.findall("[a-z]+", text.lower()))


def words_of(text):
    return frozenset(re.findall("[a-z]+", text.lower()))


def alike(first, second):
    """Jaccard index of the words of two sentences."""
    a, b = words_of(first), words_of(second)
    return len(a & b) / len(a | b)


def named(word, sentence):
    """Whether the sentence has the word, in the singular or plural, glued or apart."""
    stem = re.sub(r"-(?:other|stuff)$", "", word)
    parts = [part[:-1] for part in re.findall("[a-z]+", stem.lower())]
    parts += [OTHER_FORMS[word]] if word in OTHER_FORMS else []
    has_part = any(re.search(rf"\b{re.escape(part)}", sentence.lower()) for part in parts)
    return has_part or letters(stem)[:-1] in letters(sentence)


@pytest.mark.parametrize("name", shipped_vocabularies())
def test_every_word_of_a_shipped_vocabulary_has_some(name):
    descriptions = load_descriptions("storybook" if name.startswith("storybook") else "visual")
    vocabulary = load_vocabulary(name)
    assert descriptions.missing(vocabulary.words if "storybook" not in name else ()) == ()
    for word in vocabulary.class_names:
        if word in descriptions:
            assert len(descriptions.prompts(word, ())) == NUM_SENTENCES


def test_every_page_of_storybook_is_described():
    assert load_descriptions("storybook").missing(load_vocabulary("storybook").class_names) == ()


def test_nothing_is_described_that_no_vocabulary_has():
    names = [name for name in shipped_vocabularies() if not name.startswith("storybook")]
    used = {"".join(word.split()) for name in names for word in load_vocabulary(name).words}
    assert {"".join(word.split()) for word in visual()} <= used


@pytest.mark.parametrize("name", ["visual", "storybook"])
def test_counts_and_lengths(name):
    tokenizer = CLIPTokenizer()
    content = json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))["descriptions"]
    for word, sentences in content.items():
        assert len(sentences) == len(set(map(str.lower, sentences))) == NUM_SENTENCES, word
        tokens = tokenizer(sentences, context_length=CONTEXT_LENGTH + 1)
        assert (tokens[:, CONTEXT_LENGTH] == 0).all(), f"{word}: CLIP would cut a sentence"


def test_sentences():
    for word, sentences in visual().items():
        for sentence in sentences:
            assert sentence == sentence.strip(), word
            assert sentence.isascii(), sentence
            assert sentence.endswith("."), sentence
            assert len(sentence.split()) >= 6, sentence
            assert named(word, sentence), f"{word}: {sentence}"


def test_no_two_sentences_of_a_word_are_alike():
    for word, sentences in visual().items():
        for first, second in itertools.combinations(sentences, 2):
            assert alike(first, second) <= 0.6, f"{word}: {first} | {second}"


def test_no_sentence_describes_two_words():
    owners, sentences = zip(
        *((word, sentence) for word, many in visual().items() for sentence in many), strict=True
    )
    vocabulary = {word: i for i, word in enumerate(sorted(set().union(*map(words_of, sentences))))}
    has = np.zeros((len(sentences), len(vocabulary)), np.float32)
    for row, sentence in enumerate(sentences):
        has[row, [vocabulary[word] for word in words_of(sentence)]] = 1
    both, sizes = has @ has.T, has.sum(axis=1)
    close = np.argwhere(both / (sizes[:, None] + sizes - both) >= 0.75)
    pairs = [(sentences[a], sentences[b]) for a, b in close if owners[a] < owners[b]]
    assert pairs == []


def test_instructions_and_origin_are_recorded():
    content = json.loads((FOLDER / "visual.json").read_text(encoding="utf-8"))
    assert len(content["instructions"]) == 3
    assert all("{word}" in instruction for instruction in content["instructions"])
    assert all(content[key] for key in ("source", "model", "date", "licence"))
    assert content["sha256"] == descriptions_digest(content["descriptions"])
