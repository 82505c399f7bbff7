"""A table of sentences and what is wrong with their form, which no good one shares."""

import pytest

from freecp_d2.apps.describe.form import beginning_problem, form_problem


@pytest.mark.parametrize(
    "sentence",
    [
        "As an AI language model, I have no eyes for a cat.",
        "I cannot describe a cat.",
        "I'm sorry, a cat is not something to see.",
        "I can't see the cat in this photo.",
        "I\u2019m unable to describe a cat in a photo.",
        "I\u2019m sorry, but I can\u2019t help with describing a cat.",
        "I can\u2019t describe the look of a cat here.",
        "I'm not able to describe a cat in a photo.",
        "It is not possible for me to describe a cat without an image.",
        "It is impossible to describe a cat in words.",
        "Unfortunately, describing the cat is impossible.",
        "Describing a cat is not possible without a photo.",
        "A cat cannot be described without more of the context.",
        "The cat is not visible in the image you gave.",
        "The cat isn\u2019t shown in this photo.",
        "No image was provided that shows a cat.",
        "Describing a cat is beyond my capabilities.",
    ],
)
def test_refusals(sentence):
    assert form_problem(sentence) == "a refusal"


@pytest.mark.parametrize(
    ("sentence", "problem"),
    [
        ("Sure, a cat has two pointed ears.", "talk about"),
        ("Okay, a cat has two pointed ears.", "talk about"),
        ("Here are five sentences about the cat.", "talk about"),
        ("Here's a sentence about the cat and its fur.", "talk about"),
        ("Here\u2019s a sentence about the cat and its fur.", "talk about"),
        ("The word cat refers to a small animal.", "talk about"),
        ("This sentence describes a cat.", "talk about"),
        ("The cat of which you asked has fur.", ""),
        ("The cat that you asked about has fur.", "talk about"),
        ("The cat in your photo has fur.", "talk about"),
        ("A **cat** has two pointed ears.", "a list or markup"),
        ("# The cat has two ears.", "a list or markup"),
        ("The cat has 1. ears and 2. a tail.", "a list or markup"),
        ("The cat has: - ears - a tail.", "a list or markup"),
        ("1.The cat has two pointed ears.", "a list or markup"),
        ("What does a cat look like in a photo?", "a question"),
        ("A cat has two pointed ears and", "no full stop"),
        ("A cat has ears. The cat has a tail.", "more than one"),
        ("A cat purrs.", "fewer than 4 words"),
        ("The cat is " + "very " * 80 + "small.", "87 tokens, of which CLIP reads 77"),
        ("Dog dog dog dog dog dog cat.", "the same words again and again"),
        ("The cat has cat cat cat cat cat cat.", "the same words again and again"),
    ],
)
def test_other_problems(sentence, problem):
    assert problem in form_problem(sentence)


@pytest.mark.parametrize(
    "sentence",
    [
        "A glass pane is almost impossible to see against a white wall.",
        "The legs of a cat in the grass are not visible from afar.",
        "A photo of the sky, no two clouds of which are alike.",
        "Here and there a light panel takes the place of one ceiling tile.",
        "A steel I-beam can't bend and holds up the floor.",
        "The button is round and red, and you push it.",
        "Wall images are given a frame of wood.",
        "A person in a coat, a person in a dress and a person in a skirt.",
        "A cat\u2019s eyes are round, and its pupils are slits.",
    ],
)
def test_good(sentence):
    assert form_problem(sentence) == ""


class TestBeginning:
    @pytest.mark.parametrize(
        "sentence",
        ["A cat.", "12 cats.", "'Cat' is on it.", "\u201cCat\u201d is on it.", "\u00c9clairs.",
         "Cat: a small animal.", "\u0642\u0637\u0629 is a cat.", "\U0001f63a is a cat."],
    )  # fmt: skip
    def test_good(self, sentence):
        assert beginning_problem(sentence, ("cat", "\U0001f63a")) == ""

    @pytest.mark.parametrize(
        "sentence", ["\u25cf The cat.", "\u2460 A cat.", "(a) A cat.", ": A cat."]
    )
    def test_what_begins_no_sentence(self, sentence):
        assert "no letter, digit or quotation mark" in beginning_problem(sentence, ("cat",))

    @pytest.mark.parametrize("label", ["ASSISTANT", "Sentence", "Shape", "Answer 3"])
    def test_labels(self, label):
        assert beginning_problem(f"{label}: the cat.", ("cat",)) == "a label before the sentence"
