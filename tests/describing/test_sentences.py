"""What models put around their sentences goes, the sentences stay."""

import pytest

from freecp_d2.describing.sentences import split_answer

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
