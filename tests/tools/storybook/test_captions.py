"""Captions name the classes of the crop in words that the tokenizer knows."""

import re
from collections import Counter

import pytest
from clip.simple_tokenizer import SimpleTokenizer

from freecp_d2.data.storybook.classes import CLASS_INDEX, CLASSES
from freecp_d2.data.storybook.noise import Rng
from tests.helpers.merges import merges_for, write_merges

REPETITIONS = 400


@pytest.fixture
def captions(tools):
    return tools("captions")


def by_name(*names):
    return [CLASSES[CLASS_INDEX[name]] for name in names]


def mentions(text, c):
    words = (c.name, *c.synonyms, *c.kinds)
    return any(re.search(rf"\b{re.escape(word)}\b", text) for word in words)


def some(captions, count, seed=0):
    """Captions of that many classes, any ones, with the classes."""
    chance = Rng(seed)
    for _ in range(REPETITIONS):
        classes = chance.shuffled(CLASSES)[:count]
        yield captions.caption(chance, classes), classes


def test_an_before_a_vowel(captions):
    for text, _ in some(captions, 1):
        assert not re.search(r"\ba (umbrella|animal|object)\b", text), text
    found = {text for text, _ in some(captions, 1) if re.search(r"\ban (umbrella|animal)\b", text)}
    assert found


class TestMentions:
    def test_of_three_or_more_one_may_be_left_out_but_never_the_largest(self, captions):
        for count in (1, 2, 3, 6):
            for text, classes in some(captions, count):
                assert mentions(text, classes[0]), text
                absent = [c for c in classes if not mentions(text, c)]
                assert len(absent) <= (count > 2), text

    def test_how_often_one_is_left_out(self, captions):
        """Of classes that share no words, so that the count is exact."""
        chance, classes = Rng(0), by_name("cow", "tent", "cloud", "road")
        absent = Counter()
        for _ in range(2000):
            text = captions.caption(chance, classes)
            absent.update(c.name for c in classes if not mentions(text, c))
        assert absent["cow"] == 0
        assert absent.total() / 2000 == pytest.approx(0.1, abs=0.02)
        assert min(absent[name] for name in ("tent", "cloud", "road")) > 40  # of 67 expected

    def test_nobody_else_is_named(self, captions):
        chance, classes = Rng(0), by_name("cow", "tent")
        others = [c for c in CLASSES if c not in classes]
        words = {word for c in others for word in (c.name, *c.synonyms)}
        allowed = " ".join(look for c in classes for look in c.looks)
        allowed += " ".join(captions.ALONE + captions.TOGETHER)
        words = {word for word in words if word not in allowed}
        for _ in range(REPETITIONS):
            text = captions.caption(chance, classes)
            assert not [word for word in words if re.search(rf"\b{word}\b", text)], text


class TestWords:
    def test_shares(self, captions):
        """12 % synonyms and 7 % wider words; a class without wider ones says its name instead."""
        chance, (cow, tent) = Rng(0), by_name("cow", "tent")
        of_cow = Counter(captions.word(chance, cow) for _ in range(4000))
        of_tent = Counter(captions.word(chance, tent) for _ in range(4000))
        assert of_cow.keys() == {"cow", "cattle", "animal"}
        assert of_cow["cattle"] / 4000 == pytest.approx(0.12, abs=0.016)
        assert of_cow["animal"] / 4000 == pytest.approx(0.07, abs=0.013)
        assert of_tent.keys() == {"tent", "camping tent"}
        assert of_tent["camping tent"] / 4000 == pytest.approx(0.12, abs=0.016)

    def test_one_class_is_described_now_and_then(self, captions):
        chance, (cow,) = Rng(0), by_name("cow")
        texts = [captions.caption(chance, [cow]) for _ in range(2000)]
        described = sum(any(look in text for look in cow.looks) for text in texts)
        assert described / 2000 == pytest.approx(0.35, abs=0.033)
        assert len(set(texts)) > 150


class TestGrammar:
    def test_no_wrong_article_and_no_blank_is_left(self, captions):
        for count in (2, 3, 5):
            for text, _ in some(captions, count, seed=1):
                assert not re.search(r"\ba [aeiou]|\ban [^aeiou]", text), text
                assert not re.search(r"[{}]|  |^ | $| [.,]", text), text

    def test_lists(self, captions):
        """All but the last apart by commas, the last by "and"."""
        chance, classes = Rng(0), by_name("cow", "tent", "cloud")
        for _ in range(REPETITIONS):
            text = re.sub(r"\(.*?\)", "", captions.caption(chance, classes))
            named = sum(mentions(text, c) for c in classes)
            assert text.count(",") == named - 2, text


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
