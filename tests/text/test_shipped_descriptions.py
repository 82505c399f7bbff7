"""The shipped descriptions: complete, short enough, distinct, each of its own word."""

import itertools
import json
import re
from pathlib import Path

import numpy as np
import pytest

from freecp_d2.text import CLIPTokenizer, load_descriptions, load_vocabulary, shipped_vocabularies
from freecp_d2.text.descriptions import descriptions_digest

FOLDER = Path(__file__).parents[2] / "freecp_d2" / "text" / "resources" / "descriptions"
NUM_ANSWERS, NUM_SENTENCES = 5, 15  # three instructions, five answers (Sec. 4.2)
OTHER_FORMS = {
    "bulletinboard": "board", "conveyerbelt": "conveyor belt", "knife": "knives",
    "person": "people", "pooltable": "table", "tradename": "brand name",
}  # fmt: skip
"""Word -> another form of its name: irregular plural, last part, usual spelling."""

CONTENTS = {
    name: json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))
    for name in ("visual", "storybook")
}
LIMITS = {"visual": (6, 0.6), "storybook": (5, 0.7)}
"""Set -> the fewest words of a sentence, and the highest similarity of two of the same word."""
every_set = pytest.mark.parametrize("name", LIMITS)


def words_of(text):
    return frozenset(re.findall("[a-z]+", text.lower()))


def named(word, sentence):
    """Whether the sentence has the word, in the singular or plural, glued or apart."""
    sentence, stem = sentence.lower(), re.sub(r"-(?:other|stuff)$", "", word).lower()
    parts = [part[:-1] for part in re.findall("[a-z]+", stem)]
    parts += [OTHER_FORMS[word]] if word in OTHER_FORMS else []
    has_part = any(re.search(rf"\b{re.escape(part)}", sentence) for part in parts)
    glued, letters = (re.sub("[^a-z]", "", text) for text in (stem, sentence))
    return has_part or glued[:-1] in letters


def test_every_word_of_the_shipped_vocabularies_has_fifteen():
    used = set()
    for name in shipped_vocabularies():
        is_storybook = name.startswith("storybook")
        descriptions = load_descriptions("storybook" if is_storybook else "visual")
        for word in load_vocabulary(name).words:
            sentences = descriptions.prompts(word, ())
            assert len(set(filter(str.strip, sentences))) == len(sentences) == NUM_SENTENCES, word
            used |= set() if is_storybook else {"".join(word.split())}
    assert {"".join(word.split()) for word in CONTENTS["visual"]["descriptions"]} <= used


@every_set
def test_sentences(name):
    tokenizer = CLIPTokenizer()
    for word, sentences in CONTENTS[name]["descriptions"].items():
        assert len(sentences) == NUM_SENTENCES, word
        assert not tokenizer(sentences, context_length=78)[:, 77].any(), f"{word}: too long"
        for sentence in sentences:
            assert sentence == sentence.strip(), word
            assert sentence.isascii(), sentence
            assert sentence.endswith("."), sentence
            assert len(sentence.split()) >= LIMITS[name][0], sentence
            assert named(word, sentence), f"{word}: {sentence}"


@every_set
def test_sentences_of_a_word_differ(name):
    everything = list(itertools.chain(*CONTENTS[name]["descriptions"].values()))
    assert len(set(map(str.lower, everything))) == len(everything)
    # Storybook repeats a look in other frames, so only sentences of one frame are compared.
    step = NUM_ANSWERS if name == "storybook" else NUM_SENTENCES
    for start in range(0, len(everything), step):
        for first, second in itertools.combinations(everything[start : start + step], 2):
            a, b = words_of(first), words_of(second)
            assert len(a & b) / len(a | b) <= LIMITS[name][1], f"{first} | {second}"


@every_set
def test_sentences_of_two_words_are_not_similar(name):
    words = CONTENTS[name]["descriptions"]
    if name == "storybook":  # a wider word ("animal") and a synonym have the looks of a class
        words = {word: words[word] for word in load_vocabulary(name).class_names}
    pairs = [(word, sentence) for word, found in words.items() for sentence in found]
    owners, sentences = zip(*pairs, strict=True)
    column = {word: i for i, word in enumerate(sorted(set().union(*map(words_of, sentences))))}
    has = np.zeros((len(sentences), len(column)), np.float32)
    for row, sentence in enumerate(sentences):
        has[row, [column[word] for word in words_of(sentence)]] = 1
    both, sizes = has @ has.T, has.sum(axis=1)
    close = np.argwhere(both / (sizes[:, None] + sizes - both) >= 0.75)
    assert [(sentences[a], sentences[b]) for a, b in close if owners[a] < owners[b]] == []


def test_instructions_and_origin_are_recorded():
    content = CONTENTS["visual"]
    assert len(content["instructions"]) == 3
    assert all("{word}" in instruction for instruction in content["instructions"])
    assert all(content[key] for key in ("source", "model", "date", "licence"))
    assert content["sha256"] == descriptions_digest(content["descriptions"])
