"""Sentences that are accepted, and what is wrong with the others."""

import pytest

from freecp_d2.apps.describe.checks import find_problem
from freecp_d2.apps.describe.questions import Senses
from freecp_d2.text import load_descriptions, load_vocabulary, shipped_vocabularies

GOOD = "A cat has two pointed ears on a round head."


@pytest.mark.parametrize(
    ("problem", "sentences"),
    {
        "a refusal or chat": (
            "As an AI language model, I have no eyes for a cat.",
            "I cannot describe a cat.",
            "I\u2019m not able to describe the look of a cat.",
            "Unfortunately, the cat is hidden.",
            "Sure, a cat has two pointed ears.",
            "Here are five sentences about the cat.",
            "The word cat refers to a small animal.",
            "This sentence describes a cat.",
            "The cat in your photo has fur.",
        ),
        "a label or markup": (
            "A **cat** has two pointed ears.",
            "# The cat has two ears.",
            "Shape: the cat has two pointed ears.",
        ),
        "not a statement with a full stop": (
            "What does a cat look like in a photo?",
            "A cat has two pointed ears and",
        ),
        "more than one sentence": ("A cat has ears. The cat has a tail.",),
        "fewer than 4 words": ("A cat purrs.",),
        "87 tokens, of which CLIP reads 77": ("The cat is " + "very " * 80 + "small.",),
        "not in English letters": ("قطة لها أذنان مدببتان cat.",),
        "does not name the cat": ("This animal has two pointed ears.", "Its tail is scattered."),
    }.items(),
)
def test_problems(problem, sentences):
    for sentence in sentences:
        assert find_problem(sentence, ["cat"]) == problem, sentence


def test_good_sentences():
    for sentence in (
        GOOD,
        "Here and there a cat can't be seen against a white wall.",
        "A steel I-beam is as high as a cat.",
        "Surely a cat has two ears.",
        "Cats are small, e.g. Siamese ones with blue eyes, or of St. Moritz.",
        'The "cat" sign shows a black animal.',
        "A cat about 3.5 times as long as its tail.",
        "The well-known cat lies - as often - on a sofa.",
        "A cat\u2019s eyes are round, and its pupils are slits.",
    ):
        assert find_problem(sentence, ["cat"], ["The cat has a long thin tail."]) == "", sentence


def test_repetition():
    near = "A cat has two pointed ears on its round head."
    for sentence in (near, GOOD.upper()):
        assert "nearly the same" in find_problem(sentence, ["cat"], ["Other.", GOOD]), sentence


def test_forms_of_a_name():
    for name, form in (
        *(("shelf", "shelves"), ("knife", "knives"), ("city", "cities"), ("bus", "buses")),
        *(("traffic light", "lights"), ("bookshelf", "book shelf"), ("book shelf", "bookshelf")),
        ("person", "people"),
    ):
        assert find_problem(f"Some {form} of a dark colour.", [name]) == "", form
    assert find_problem("A trash can has a round lid.", ["ashcan", "trash can"]) == ""
    assert find_problem("A shoe lies in the sunlight.", ["person in shirt"]) != ""
    for name in ("\U0001f63a", "قطة", "-"):  # without English letters
        assert find_problem(f"The {name} has two ears.", [name]) == "", name


@pytest.mark.slow
def test_shipped_descriptions_pass():
    """With the names of each vocabulary; Storybook's repeat themselves."""
    for name in ("visual", "storybook"):
        descriptions, is_story = load_descriptions(name), name == "storybook"
        for vocabulary in map(load_vocabulary, shipped_vocabularies()):
            if vocabulary.name.startswith("story") != is_story:
                continue
            senses = Senses(vocabulary)
            for word in vocabulary.words[vocabulary.num_background :]:
                sentences = descriptions.prompts(word, ())
                for i, sentence in enumerate(sentences):
                    found = find_problem(sentence, senses.names(word), sentences[:i])
                    repeats = is_story and found.startswith("nearly the same")
                    assert not found or repeats, (vocabulary, word, sentence, found)
