"""Captions name the classes of the crop in words that the tokenizer knows."""

import re

import pytest
from clip.simple_tokenizer import SimpleTokenizer

from freecp_d2.data.storybook.classes import CLASSES
from freecp_d2.data.storybook.noise import Rng
from tests.helpers.merges import merges_for, write_merges

REPETITIONS = 400


@pytest.fixture
def captions(tools):
    return tools("captions")


def mentions(text, c):
    words = (c.name, *c.synonyms, *c.kinds)
    return any(re.search(rf"\b{re.escape(word)}\b", text) for word in words)


def some(captions, count, seed=0):
    """Captions of that many classes, any ones, with the classes."""
    chance = Rng(seed)
    for _ in range(REPETITIONS):
        classes = chance.shuffled(CLASSES)[:count]
        yield captions.caption(chance, classes), classes


def test_of_three_or_more_one_may_be_left_out_but_never_the_largest(captions):
    for count in (1, 2, 3, 6):
        for text, classes in some(captions, count):
            assert mentions(text, classes[0]), text
            absent = [c for c in classes if not mentions(text, c)]
            assert len(absent) <= (count > 2), text


def test_no_wrong_article_and_no_blank_is_left(captions):
    for count in (2, 3, 5):
        for text, _ in some(captions, count, seed=1):
            assert not re.search(r"\ba [aeiou]|\ban [^aeiou]", text), text
            assert not re.search(r"[{}]|  |^ | $| [.,]", text), text


def test_tokens(captions, tmp_path):
    """Cut as by CLIP's own merges, not letter by letter, and at most 77 with start and end."""
    write_merges(tmp_path / "merges.txt.gz", merges_for(captions.every_text()))
    small, full = SimpleTokenizer(str(tmp_path / "merges.txt.gz")), SimpleTokenizer()
    words, longest = set(), 0
    for count in range(1, 7):
        for text, _ in some(captions, count):
            words |= set(re.findall("[a-z]+", text))
            longest = max(longest, len(small.encode(text)))
    assert longest + 2 <= 77
    assert len(words) > 200
    for word in words:
        mine, theirs = ([t.decoder[i] for i in t.encode(word)] for t in (small, full))
        assert mine == theirs, word
    names = {w for c in CLASSES for word in (c.name, *c.synonyms, *c.kinds) for w in word.split()}
    assert max(len(small.encode(word)) for word in names) <= 3
