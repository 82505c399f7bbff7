"""What models put around their sentences goes, the sentences stay."""

import pytest

from freecp_d2.apps.describe.sentences import split_answer
from freecp_d2.text import load_descriptions
from freecp_d2.text.descriptions import shipped_descriptions

TWO = ["A cat has fur.", "The cat has a tail."]


@pytest.mark.parametrize(
    "answer",
    [
        "A cat has fur.\nThe cat has a tail.",
        "1. A cat has fur.\n2. The cat has a tail.",
        "1) A cat has fur.\r\n\r\n2) The cat has a tail.\n",
        "- A cat has fur.\n* The cat has a tail.",
        "Here are two sentences:\n\n1. A cat has fur.\n2. The cat has a tail.",
        "1. A cat has fur. 2. The cat has a tail.",
        '"A cat has fur."\n\u201cThe cat has a tail.\u201d',
        '["A cat has fur.", "The cat has a tail."]',
        '```json\n{"sentences": ["A cat has fur.", "The cat has a tail."]}\n```',
        "<think>A cat.\nHas it fur?</think>\nA cat has fur.\nThe cat has a tail.",
        "A cat.\nHas it fur?</think>\nA cat has fur.\nThe cat has a tail.",
        "Sentence 1: A cat has fur.\nSentence 2: The cat  has a tail.",
    ],
)
def test_the_same_two(answer):
    assert split_answer(answer) == TWO


@pytest.mark.parametrize(
    "marker",
    ["\u25cf", "\u25aa", "\u25e6", "\u2023", "\u2014", "\u00b7", "\u2460", "\u246f", "\u2043",
     "\u25cb", "\u2714", "\u2714\ufe0f", "\u27a4", "(a)", "a)", "B)", "b.", "iv.", "(ii)",
     "1\ufe0f\u20e3", "\U0001f51f", "\uff11\uff0e", "3\uff09", "[2]", "2 -", "+", "- 1.",
     "\u2022 \u2022", "Sentence:", "Assistant:", "\U0001f431"],
)  # fmt: skip
@pytest.mark.parametrize("blank", [" ", "  ", "\u00a0"])
def test_markers_of_a_list(marker, blank):
    assert split_answer("\n".join(f"{marker}{blank}{line}" for line in TWO)) == TWO


@pytest.mark.parametrize("marker", ["1.", "2)", "(3)", "\u2022", "\u25cf", "\u2460", "-", "a)"])
def test_markers_without_a_blank(marker):
    assert split_answer("\n".join(marker + line for line in TWO)) == TWO


@pytest.mark.parametrize(
    "line",
    ["3.5 m of rope lie in a coil.", "12 cats sit.", "1950s cars have fins.", "A. cepa has leaves.",
     "10:30 is on the clock.", "4 x 4 cars are high.", "\u00bd of it is red.", "i-beams are steel.",
     "\u201cStop\u201d is on it.", "'Go' is on it.", "\u00c9clairs are long.", "T-shirts fit."],
)  # fmt: skip
def test_beginnings_that_mark_nothing(line):
    assert split_answer(line) == [line]


def test_the_shipped_sentences_stay_whole():
    for name in shipped_descriptions():
        for word, sentences in load_descriptions(name).as_dict().items():
            assert split_answer("\n".join(sentences), word) == sentences


def test_a_word_that_is_a_symbol_is_no_marker():
    assert split_answer("- \u2660 is black.", "\u2660") == ["\u2660 is black."]
    assert split_answer("\u2660 is black.", "cat") == ["is black."]


@pytest.mark.parametrize(
    "answer", ["", " \n ", "```\n```", "<think>hm</think>", "<think>A cat has fur."]
)
def test_nothing(answer):
    assert split_answer(answer) == []


@pytest.mark.parametrize(
    "answer",
    ["A 3.5 m long boat.", "**Bold** it is.", '{"a": 1}', "[1, 2]", '"Stop" signs are "red"',
     "A cat. The dog."],
)  # fmt: skip
def test_what_is_wrong_is_left_for_validation(answer):
    assert split_answer(answer) == [answer]


def test_half_a_character_can_be_written():
    assert split_answer("A \ud83d cat.") == ["A ? cat."]
    assert split_answer('["A \\ud83d cat."]') == ["A ? cat."]
