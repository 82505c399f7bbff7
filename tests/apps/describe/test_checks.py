"""Sentences that are accepted, and what is wrong with the others."""

import pytest

from freecp_d2.apps.describe.checks import Validator, form_problem
from freecp_d2.apps.describe.questions import Naming
from freecp_d2.text import Vocabulary, load_descriptions, load_vocabulary, shipped_vocabularies

GOOD = "A cat has two pointed ears on a round head."
FARM = Vocabulary("farm", (("cat",), ("dog",), ("owl",)))
ROOM = Vocabulary("room", (("dining table", "table"), ("chair",)), ("wall",))


def problem(sentence, word="cat", known=(), vocabulary=FARM):
    return Validator(vocabulary).problem(word, sentence, known)


class TestForm:
    def test_refusals_and_chat(self):
        for sentence in (
            "As an AI language model, I have no eyes for a cat.",
            "I cannot describe a cat.",
            "I'm sorry, a cat is not something to see.",
            "I can\u2019t describe the look of a cat here.",
            "Unfortunately, the cat is hidden.",
            "Sure, a cat has two pointed ears.",
            "Okay, a cat has two pointed ears.",
            "Here are five sentences about the cat.",
            "The word cat refers to a small animal.",
            "This sentence describes a cat.",
            "The cat that you asked about has fur.",
            "The cat in your photo has fur.",
        ):
            assert form_problem(sentence) == "a refusal or chat", sentence

    def test_lists_labels_and_markup(self):
        for sentence in (
            "A **cat** has two pointed ears.",
            "# The cat has two ears.",
            "The cat has 1. ears and 2. a tail.",
            "The cat has: - ears - a tail.",
            "1.The cat has two pointed ears.",
            "Shape: the cat has two pointed ears.",
        ):
            assert form_problem(sentence) == "a list, a label or markup", sentence

    def test_not_one_whole_sentence(self):
        for sentence, expected in (
            ("What does a cat look like in a photo?", "full stop"),
            ("A cat has two pointed ears and", "full stop"),
            ("A cat has ears. The cat has a tail.", "more than one"),
            ("A cat purrs.", "fewer than 4 words"),
            ("The cat is " + "very " * 80 + "small.", "87 tokens, of which CLIP reads 77"),
            ("Dog dog dog dog dog dog cat.", "again and again"),
        ):
            assert expected in form_problem(sentence), sentence

    def test_good(self):
        for sentence in (
            GOOD,
            "A glass pane is almost impossible to see against a white wall.",
            "Here and there a light panel takes the place of one ceiling tile.",
            "A steel I-beam can't bend and holds up the floor.",
            "Surely a cat has two ears.",
            "Cats are small, e.g. Siamese ones with blue eyes.",
            'The "cat" sign shows a black animal.',
            "A cat about 3.5 times as long as its tail.",
            "The well-known cat lies - as often - on a sofa.",
            "A cat\u2019s eyes are round, and its pupils are slits.",
            "A person in a coat, a person in a dress and a person in a skirt.",
        ):
            assert form_problem(sentence) == "", sentence


class TestWord:
    def test_the_word_must_be_named(self):
        assert "not in English" in problem("قطة لها أذنان مدببتان cat.")
        assert problem("Unlike a dog, the cat has a short muzzle.") == ""
        assert problem("This animal has two pointed ears.") == "does not name the cat"
        mine = Vocabulary("mine", (("ashcan", "trash can"),))
        assert problem("A trash can has a round lid.", "ashcan", vocabulary=mine) == ""
        for word in ("\U0001f63a", "قطة", "-"):  # without English letters
            assert problem(f"The {word} has two ears.", word, vocabulary=None) == "", word

    def test_repetition(self):
        assert "nearly the same" in problem(GOOD.upper().replace("CAT", "cat"), known=[GOOD])
        near = "A cat has two pointed ears on its round head."
        assert "nearly the same" in problem(near, known=["Other.", GOOD])
        assert problem("The cat has a long thin tail.", known=[GOOD]) == ""


class TestNaming:
    def test_forms_of_a_name(self):
        pairs = (
            "shelf shelves,knife knives,city cities,bus buses,person people,eye eyes,tie ties,"
            "grass grass,diningtable table,building-other buildings"
        )
        named = [tuple(pair.split()) for pair in pairs.split(",")]
        named += [("trafficlight", "traffic light"), ("traffic light", "lights")]
        named += [("book shelf", "bookshelf"), ("CRT Screen", "screen")]
        for word, name in named:
            assert Naming().is_named(word, f"Some {name} of a dark colour."), word
        others = (("cat", "scattered"), ("bus", "bust"), ("person in shirt", "shoe in sunlight"))
        for word, other in others:
            assert not Naming().is_named(word, f"Some {other} thing of a dark colour."), word

    def test_names_of_a_class(self):
        assert Naming(ROOM).names("table") == ("table", "dining table")
        assert Naming(ROOM).names("Dining  Table") == ("dining table", "table")
        assert Naming(ROOM).names("wall") == ("wall",)
        names = {"diningtable": "dining table", "building-other": "building", "-": "-"}
        for word, name in names.items():
            assert Naming().names(word) == (name,)
        benchmark = Naming(load_vocabulary("ade20k"))
        assert benchmark.names("plaything") == ("plaything", "toy")
        assert benchmark.is_named("hood", "The exhaust hood is of steel.")
        two = Naming(Vocabulary("two", (("crane", "derrick"), ("crane", "bird"))))
        assert two.names("crane") == ("crane", "derrick", "bird")


@pytest.mark.slow
def test_shipped_descriptions_pass():
    """Alone, and with the names of each vocabulary; Storybook's repeat themselves."""
    for name in ("visual", "storybook"):
        descriptions, is_story = load_descriptions(name), name == "storybook"
        names = [each for each in shipped_vocabularies() if each.startswith("story") == is_story]
        for vocabulary in (None, *map(load_vocabulary, names)):
            validator = Validator(vocabulary)
            words = descriptions.as_dict()
            if vocabulary:  # background words need no description
                words = dict.fromkeys(word for one in vocabulary.classes for word in one)
            for word in words:
                sentences = descriptions.prompts(word, ())
                for i, sentence in enumerate(sentences):
                    found = validator.problem(word, sentence, sentences[:i])
                    repeats = is_story and found.startswith("nearly the same")
                    assert not found or repeats, (vocabulary, word, sentence)
