"""A table of sentences and what is wrong with them."""

import pytest

from freecp_d2.apps.describe import Validator
from freecp_d2.text import Vocabulary, load_descriptions, load_vocabulary, shipped_vocabularies

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
        ("I cannot describe a cat.", "a refusal"),
        ("\u25cf A cat has two pointed ears.", "begins with"),
        ("قطة لها أذنان مدببتان cat.", "not in English"),
        ("This animal has two pointed ears.", "does not name the cat"),
    ],
)
def test_bad(sentence, problem):
    assert problem in Validator().problem("cat", sentence, ())


class TestNaming:
    def test_another_word_of_the_class(self):
        validator = Validator(Vocabulary("mine", (("ashcan", "trash can"),)))
        assert validator.problem("ashcan", "A trash can has a round lid.", ()) == ""
        assert "does not name the ashcan" in Validator().problem(
            "ashcan", "A trash bin has a round lid.", ()
        )

    @pytest.mark.parametrize("word", ["\U0001f63a", "قطة", "-"])
    def test_a_word_that_has_no_english_letters_need_not_be_named(self, word):
        assert Validator().problem(word, GOOD, ()) == ""
        assert Validator().problem(word, f"The {word} has two pointed ears.", ()) == ""
        assert Validator().problem(word, f"{word} has two pointed ears.", ()) == ""


def test_it_is_about_the_word():
    validator = Validator(Vocabulary("pets", (("cat",), ("dog",))))
    assert validator.problem("cat", "A dog has a longer snout than a cat.", ()) == (
        "about something that is compared with the cat"
    )


class TestRepetition:
    def test_the_same(self):
        assert Validator().problem("cat", GOOD.upper(), [GOOD]) == "there already"

    def test_nearly_the_same(self):
        other = "A cat has two pointed ears on its round head."
        assert "nearly the same as" in Validator().problem("cat", other, ["Other.", GOOD])

    def test_another(self):
        assert Validator().problem("cat", "The cat has a long thin tail.", [GOOD]) == ""


def problems(vocabulary, descriptions):
    """What is wrong with the sentences of all words, each beside those before it."""
    validator = Validator(vocabulary)
    words = vocabulary.words if vocabulary else descriptions.as_dict()
    for word in dict.fromkeys(words):
        sentences = descriptions.prompts(word, ())
        for i, sentence in enumerate(sentences):
            if found := validator.problem(word, sentence, sentences[:i]):
                yield word, sentence, found


@pytest.mark.parametrize(
    "name", ["", *(name for name in shipped_vocabularies() if not name.startswith("storybook"))]
)
def test_the_shipped_descriptions_pass(name):
    """Alone, where a word has one name, and beside all other classes of each vocabulary."""
    vocabulary = load_vocabulary(name) if name else None
    assert list(problems(vocabulary, load_descriptions("visual"))) == []


@pytest.mark.parametrize("name", ["", "storybook", "storybook_wide"])
def test_those_of_storybook_pass_but_for_saying_each_look_in_three_ways(name):
    vocabulary = load_vocabulary(name) if name else None
    found = list(problems(vocabulary, load_descriptions("storybook")))
    assert [each for each in found if not each[2].startswith("nearly the same as")] == []
