"""A table of sentences and what is wrong with them."""

import pytest

from freecp_d2.describing import Validator
from freecp_d2.text import load_descriptions

GOOD = "A cat has two pointed ears on a round head."


@pytest.mark.parametrize(
    "sentence",
    [
        GOOD,
        "Cats are small, e.g. Siamese ones with blue eyes.",
        'The "cat" sign shows a black animal.',
        "Unlike a dog, the cat has a short muzzle; its whiskers are long.",
        "A cat about 3.5 times as long as its tail.",
        "The well-known cat lies - as often - on a sofa.",
    ],
)
def test_good(sentence):
    assert Validator().problem("cat", sentence, ()) == ""


@pytest.mark.parametrize(
    ("sentence", "problem"),
    [
        ("As an AI language model, I have no eyes for a cat.", "a refusal"),
        ("I cannot describe a cat.", "a refusal"),
        ("I'm sorry, a cat is not something to see.", "a refusal"),
        ("I can't see the cat in this photo.", "a refusal"),
        ("Sure, a cat has two pointed ears.", "talk about"),
        ("Here are five sentences about the cat.", "talk about"),
        ("A **cat** has two pointed ears.", "a list or markup"),
        ("# The cat has two ears.", "a list or markup"),
        ("The cat has 1. ears and 2. a tail.", "a list or markup"),
        ("The cat has: - ears - a tail.", "a list or markup"),
        ("A cat has two pointed ears and", "no full stop"),
        ("A cat has ears. The cat has a tail.", "more than one"),
        ("A cat purrs.", "fewer than 4 words"),
        ("The cat is " + "very " * 80 + "small.", "87 tokens, of which CLIP reads 77"),
        ("قطة لها أذنان مدببتان cat.", "not in English"),
        ("This animal has two pointed ears.", "does not name the cat"),
    ],
)
def test_bad(sentence, problem):
    assert problem in Validator().problem("cat", sentence, ())


@pytest.mark.parametrize(
    ("word", "named"),
    [("shelf", "shelves"), ("knife", "knives"), ("city", "cities"), ("bus", "buses"),
     ("person", "people"), ("horse", "horses"), ("eye", "eyes"), ("tie", "ties"),
     ("grass", "grass"),
     ("diningtable", "table"), ("trafficlight", "traffic light"), ("traffic light", "lights"),
     ("book shelf", "bookshelf"), ("building-other", "buildings"), ("CRT Screen", "screen")],
)  # fmt: skip
def test_named(word, named):
    assert Validator().problem(word, f"Some {named} of a dark colour.", ()) == ""


@pytest.mark.parametrize(
    ("word", "other"),
    [("cat", "scattered"), ("bus", "bust"), ("person in shirt", "shoe in sunlight")],
)
def test_not_named(word, other):
    sentence = f"Some {other} thing of a dark colour."
    assert Validator().problem(word, sentence, ()).startswith("does not name")


def test_another_word_of_the_class_names_it():
    validator = Validator({"ashcan": ["ashcan", "trash can"]})
    assert validator.problem("ashcan", "A trash can has a round lid.", ()) == ""
    assert validator.problem("Ashcan", "A trash can has a round lid.", ()) == ""
    assert "does not name" in Validator().problem("ashcan", "A trash bin has a round lid.", ())


@pytest.mark.parametrize("word", ["\U0001f63a", "قطة", "-"])
def test_a_word_that_has_no_english_letters_need_not_be_named(word):
    assert Validator().problem(word, GOOD, ()) == ""
    assert Validator().problem(word, f"The {word} has two pointed ears.", ()) == ""


class TestRepetition:
    def test_the_same(self):
        assert Validator().problem("cat", GOOD.upper(), [GOOD]) == "there already"

    def test_nearly_the_same(self):
        other = "A cat has two pointed ears on its round head."
        assert "nearly the same as" in Validator().problem("cat", other, ["Other.", GOOD])

    def test_another(self):
        assert Validator().problem("cat", "The cat has a long thin tail.", [GOOD]) == ""


def test_the_shipped_descriptions_pass_but_for_other_names():
    validator, found = Validator(), load_descriptions("visual").as_dict()
    problems = [
        validator.problem(word, sentence, sentences[:i])
        for word, sentences in found.items()
        for i, sentence in enumerate(sentences)
    ]
    assert {p[:13] for p in problems if p} <= {"does not name"}
    assert sum(map(bool, problems)) < 0.03 * len(problems)
