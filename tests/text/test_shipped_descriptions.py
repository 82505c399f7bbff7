"""The shipped descriptions: complete, short enough, distinct, each of its own word."""

import functools
import itertools
import json
import re
from pathlib import Path

import numpy as np
import pytest

from freecp_d2.text import CLIPTokenizer, load_descriptions, load_vocabulary, shipped_vocabularies
from freecp_d2.text.descriptions import descriptions_digest

FOLDER = Path(__file__).parents[2] / "freecp_d2" / "text" / "resources" / "descriptions"
NUM_ANSWERS = 5
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
"""Word -> another form of its name: irregular plural, last part, usual spelling."""

SETS = {
    "visual": {"words": 6, "same_word": 0.6, "two_words": 0.75},
    # Its sentences are short, five looks in three sentence frames each.
    "storybook": {"words": 5, "same_word": 0.7, "two_words": 0.75},
}
"""Set -> the fewest words of a sentence, and the highest similarity within and between words."""


@functools.cache
def sentences_of(name):
    """Word -> sentences of a set."""
    return json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))["descriptions"]


def set_of(vocabulary):
    return "storybook" if vocabulary.startswith("storybook") else "visual"


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


def test_every_word_of_the_shipped_vocabularies_has_fifteen():
    for name in shipped_vocabularies():
        descriptions = load_descriptions(set_of(name))
        for word in load_vocabulary(name).words:
            assert word in descriptions, word
            sentences = descriptions.prompts(word, ())
            assert len(set(filter(str.strip, sentences))) == len(sentences) == NUM_SENTENCES, word


def test_every_description_is_of_a_word_of_a_vocabulary():
    names = [name for name in shipped_vocabularies() if not name.startswith("storybook")]
    used = {"".join(word.split()) for name in names for word in load_vocabulary(name).words}
    assert {"".join(word.split()) for word in sentences_of("visual")} <= used


@pytest.mark.parametrize("name", SETS)
def test_counts_and_lengths(name):
    tokenizer = CLIPTokenizer()
    for word, sentences in sentences_of(name).items():
        assert len(sentences) == NUM_SENTENCES, word
        tokens = tokenizer(sentences, context_length=CONTEXT_LENGTH + 1)
        assert (tokens[:, CONTEXT_LENGTH] == 0).all(), f"{word}: longer than CLIP's context"


@pytest.mark.parametrize("name", SETS)
def test_sentences(name):
    for word, sentences in sentences_of(name).items():
        for sentence in sentences:
            assert sentence == sentence.strip(), word
            assert sentence.isascii(), sentence
            assert sentence.endswith("."), sentence
            assert len(sentence.split()) >= SETS[name]["words"], sentence
            assert named(word, sentence), f"{word}: {sentence}"


@pytest.mark.parametrize("name", SETS)
def test_sentences_differ(name):
    everything = list(itertools.chain(*sentences_of(name).values()))
    assert len(set(map(str.lower, everything))) == len(everything)
    # Storybook repeats a look in other frames, so only sentences of one frame are compared.
    step = NUM_ANSWERS if name == "storybook" else NUM_SENTENCES
    for sentences in sentences_of(name).values():
        for start in range(0, NUM_SENTENCES, step):
            for first, second in itertools.combinations(sentences[start : start + step], 2):
                assert alike(first, second) <= SETS[name]["same_word"], f"{first} | {second}"


@pytest.mark.parametrize("name", SETS)
def test_sentences_of_two_words_are_not_similar(name):
    words = sentences_of(name)
    if name == "storybook":  # a wider word ("animal") and a synonym have the looks of a class
        words = load_vocabulary(name).class_names
    pairs = [(word, sentence) for word in words for sentence in sentences_of(name)[word]]
    owners, sentences = zip(*pairs, strict=True)
    vocabulary = {word: i for i, word in enumerate(sorted(set().union(*map(words_of, sentences))))}
    has = np.zeros((len(sentences), len(vocabulary)), np.float32)
    for row, sentence in enumerate(sentences):
        has[row, [vocabulary[word] for word in words_of(sentence)]] = 1
    both, sizes = has @ has.T, has.sum(axis=1)
    close = np.argwhere(both / (sizes[:, None] + sizes - both) >= SETS[name]["two_words"])
    assert [(sentences[a], sentences[b]) for a, b in close if owners[a] < owners[b]] == []


def test_instructions_and_origin_are_recorded():
    content = json.loads((FOLDER / "visual.json").read_text(encoding="utf-8"))
    assert len(content["instructions"]) == 3
    assert all("{word}" in instruction for instruction in content["instructions"])
    assert all(content[key] for key in ("source", "model", "date", "licence"))
    assert content["sha256"] == descriptions_digest(content["descriptions"])
