"""Answers from a file: every form it may have, and every message."""

import json

import pytest

from freecp_d2.apps.describe import INSTRUCTIONS, AnswersFile, Collection, Validator
from freecp_d2.apps.describe.run import Failure

from .server import sentence

SENTENCES = [sentence("cat", number) for number in range(15)]
RECORDS = [
    {"word": "cat", "instruction": i + 1, "answer": "\n".join(SENTENCES[5 * i : 5 * i + 5])}
    for i in range(3)
]


def written(tmp_path, content):
    path = tmp_path / "answers.json"
    path.write_text(content if isinstance(content, str) else json.dumps(content), "utf-8")
    return path


def asked(source, word="cat", attempt=0):
    collection = Collection([word], Validator())
    return [answer for _, answer in source.answers(collection.questions(attempt))]


@pytest.mark.parametrize(
    "content",
    [
        RECORDS,
        "\n".join(map(json.dumps, RECORDS)) + "\n\n",
        [r | {"instruction": i} for r, i in zip(RECORDS, INSTRUCTIONS, strict=True)],
        {"Cat": SENTENCES},
        {"model": "m", "descriptions": {"cat": SENTENCES}},
        [{"word": "cat", "sentences": SENTENCES}],
        {"word": "cat", "sentences": SENTENCES},
    ],
)
def test_forms(tmp_path, content):
    answers = asked(AnswersFile(written(tmp_path, content)))
    assert [answer.split("\n") for answer in answers] == [
        SENTENCES[:5],
        SENTENCES[5:10],
        SENTENCES[10:],
    ]


def test_who_made_them(tmp_path):
    path = written(tmp_path, {"model": "m", "descriptions": {"cat": SENTENCES}})
    assert AnswersFile(path).model == "m"
    assert AnswersFile(path, "n").model == "n"
    assert AnswersFile(written(tmp_path, RECORDS)).model == "answers of answers.json"


def test_a_word_that_is_not_there(tmp_path):
    source = AnswersFile(written(tmp_path, RECORDS))
    assert asked(source, "dog") == [Failure("not in the file of answers")] * 3
    assert asked(source, "dog", attempt=1) == []


def test_asked_again_it_gives_all_of_the_word_once(tmp_path):
    source = AnswersFile(written(tmp_path, {"cat": SENTENCES}))
    assert asked(source, attempt=1) == ["\n".join(SENTENCES)] * 3
    assert asked(source, attempt=2) == []


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{", r"answers\.json: expected JSON"),
        ('{"word": "cat", "answer": "A."}\n{', "expected JSON, or JSON on each line"),
        ("", "expected JSON"),
        ([3], "record 1: got {}, expected a `word`"),
        ("3", "record 1"),
        ([RECORDS[0], {"word": "cat"}], "record 2: got .*expected a `word` and an `answer`"),
        ([{"word": "cat", "sentences": [3]}], "record 1"),
        ({"cat": "A cat."}, "record 1"),
        ([{"word": "cat", "instruction": 4, "answer": ""}], "instruction 4, expected 1 to 3"),
        ([{"word": "cat", "instruction": "Why?", "answer": ""}], "instruction 'Why"),
    ],
)
def test_errors(tmp_path, content, message):
    with pytest.raises(ValueError, match=message):
        AnswersFile(written(tmp_path, content))


def test_missing(tmp_path):
    with pytest.raises(FileNotFoundError, match="No file of answers"):
        AnswersFile(tmp_path / "none.json")
