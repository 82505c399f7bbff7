"""Sentences about the word, which may name its neighbours, and sentences about something else."""

import pytest

from freecp_d2.apps.describe.focus import Focus
from freecp_d2.apps.describe.naming import Naming
from freecp_d2.text import Vocabulary

FARM = Vocabulary(
    "farm",
    tuple((word,) for word in ("cat", "dog", "cow", "horse", "sheep", "goat", "owl", "duck")),
)


def problem(sentence, known=(), word="cat"):
    return Focus(Naming(FARM)).problem(word, sentence, known)


@pytest.mark.parametrize(
    "sentence",
    [
        "Unlike a dog, the cat has a short muzzle.",
        "A dog has a long muzzle, while that of a cat is short.",
        "The cat is smaller than a dog and larger than an owl.",
        "Compared with a dog the cat has a short muzzle.",
        "A cat has softer paws than other cats.",
        "A cat sleeps among dogs, cows, horses, sheep, goats and owls.",
        "A dog sleeps beside the cat.",  # one of several sentences may begin so
        "A cat-like shape with whiskers, not a dog.",
    ],
)
def test_good(sentence):
    assert problem(sentence) == ""


@pytest.mark.parametrize(
    "sentence",
    [
        "A dog has a longer snout than a cat.",
        "Unlike cats, dogs wag their tails.",
        "The dog is not a cat, but it has fur, too.",
        "A dog is easily confused with a small cat from afar.",
        "Compared to the cat, dogs are large.",
    ],
)
def test_only_compared(sentence):
    assert problem(sentence) == "about something that is compared with the cat"


def test_a_list():
    text = "Cats, dogs, cows, horses, sheep, goats, owls and ducks live on a farm."
    assert problem(text) == "a list of 7 other classes"


class TestBeginning:
    KNOWN = ("Dogs chase a cat over the yard.", "A horse looks at a cat.", "Some owls watch cats.",
             "The goat leaves the cat alone.", "Two ducks flee from the cat.")  # fmt: skip

    def test_the_sixth_is_too_many(self):
        assert problem("A cow stands beside the cat.", self.KNOWN[1:]) == ""
        assert problem("A cow stands beside the cat.", self.KNOWN) == (
            "begins with another class, as 5 sentences do already"
        )

    def test_the_word_first_is_good(self):
        assert problem("A cat stands beside the cow.", self.KNOWN) == ""
        assert problem("Dog cats are cats that bark.", self.KNOWN) == ""  # as "desk lamp"


def test_words_of_no_vocabulary():
    assert Focus(Naming()).problem("cat", "Dogs and cows surround the cat.", ()) == ""
