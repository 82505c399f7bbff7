"""Distractors: which words are chosen, for which vocabulary, in which order."""

from collections import Counter

import pytest

from freecp_d2.data.benchmarks import BENCHMARKS
from freecp_d2.engine.distractors import (
    KINDS,
    choose_distractors,
    classes_without_near_words,
    widen,
)
from freecp_d2.text import Vocabulary, load_vocabulary

PETS = Vocabulary("pets", (("cat", "kitten"), ("dog",), ("gadget",)), ("sky",))


def test_every_benchmark_has_near_words_and_can_be_widened_tenfold():
    for key, benchmark in BENCHMARKS.items():
        vocabulary, names = load_vocabulary(key), benchmark.class_names[benchmark.background :]
        assert classes_without_near_words(vocabulary, names) == (), key
        number = 9 * vocabulary.num_classes
        for kind in KINDS:
            words = choose_distractors(vocabulary, number, kind=kind, class_names=names)
            own = {word.lower() for word in (*vocabulary.words, *names)}
            assert len({word.lower() for word in words} - own) == number, (key, kind)
    for name in ("storybook", "storybook_wide"):
        vocabulary = load_vocabulary(name)
        assert classes_without_near_words(vocabulary) == ()
        choose_distractors(vocabulary, 9 * vocabulary.num_classes, kind="near")


def test_near_words_are_dealt_in_turn():
    first = choose_distractors(PETS, 3, kind="near")
    near = {"cat": {"lynx", "ferret", "fox"}, "dog": {"wolf", "hyena", "coyote"}}
    owners = Counter(name for name, words in near.items() for word in first if word in words)
    assert owners == {"cat": 1, "dog": 1}
    (third,) = set(first) - near["cat"] - near["dog"]
    assert third.endswith(" gadget"), "a class without a row has qualified names"
    assert classes_without_near_words(PETS) == ("gadget",)


def test_seeds_and_widths():
    for kind in KINDS:
        few, many = (choose_distractors(PETS, n, kind=kind, seed=1) for n in (5, 20))
        assert many[:5] == few, "a larger number extends the list"
        assert choose_distractors(PETS, 20, kind=kind, seed=2) != many
        assert len(set(many)) == 20
    mixed = choose_distractors(PETS, 6, kind="mixed", seed=1)
    assert mixed[::2] == choose_distractors(PETS, 3, kind="near", seed=1)
    assert mixed[1::2] == choose_distractors(PETS, 3, kind="far", seed=1)


def test_a_word_of_the_vocabulary_is_no_distractor():
    words = (("cat",), ("wolf",), ("Fox", "lynx"), ("brain",))
    chosen = choose_distractors(Vocabulary("v", words, ("hyena",)), 30, kind="near")
    assert not {"wolf", "fox", "lynx", "hyena"} & {word.lower() for word in chosen}
    assert "ferret" in chosen
    far = choose_distractors(Vocabulary("v", words), 300, kind="far")
    assert "brain scan" not in far, "it shares a part with a class"
    assert "tuba" in far


def test_widen():
    found = widen(PETS, ["fox", "tuba"])
    assert found.classes == (*PETS.classes, ("fox",), ("tuba",))
    assert found.background == PETS.background


def test_errors():
    with pytest.raises(ValueError, match=r'"odd".*near, far, mixed'):
        choose_distractors(PETS, 1, kind="odd")
    with pytest.raises(ValueError, match=r"1000 near .*3 classes"):
        choose_distractors(PETS, 1000, kind="near")
