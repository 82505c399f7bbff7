"""Answers of models are split into sentences; a file of answers has several forms."""

import json

import pytest

from freecp_d2.apps.describe.answers import AnswersFile, split_answer
from freecp_d2.apps.describe.checks import Validator
from freecp_d2.apps.describe.collection import Collection
from freecp_d2.apps.describe.questions import Unanswered
from freecp_d2.text import load_descriptions, shipped_descriptions

from .server import sentence

TWO = ["A cat has fur.", "The cat has a tail."]
SENTENCES = [sentence("cat", number) for number in range(15)]
RECORDS = [
    {"word": "cat", "instruction": i + 1, "answer": "\n".join(SENTENCES[5 * i : 5 * i + 5])}
    for i in range(3)
]


class TestSplitAnswer:
    def test_one_sentence_a_line(self):
        for answer in (
            "A cat has fur.\nThe cat has a tail.",
            "\r\nA cat has fur.\r\n\r\n  The cat  has a tail. \n",
            "Here are two sentences:\n\n1. A cat has fur.\n2. The cat has a tail.",
            '"A cat has fur."\n\u201cThe cat has a tail.\u201d',
            '[\n"A cat has fur.",\n"The cat has a tail."\n]',
            "```\nA cat has fur.\nThe cat has a tail.\n```",
            "<think>A cat.\nHas it fur?</think>\nA cat has fur.\nThe cat has a tail.",
            "A cat.\nHas it fur?</think>\nA cat has fur.\nThe cat has a tail.",
            "Sentence 1: A cat has fur.\nSentence 2: The cat has a tail.",
        ):
            assert split_answer(answer) == TWO, answer

    def test_list_markers_are_removed(self):
        markers = "\u25cf \u2014 \u2460 \u2714\ufe0f \U0001f431 - * (a) a) B) 12. 3: 2) (3) [2]"
        for marker in (*markers.split(), "1\ufe0f\u20e3", "Sentence:", "Answer:", "2 -", "- 1."):
            answer = "\n".join(f"{marker} {line}" for line in TWO)
            assert split_answer(answer) == TWO, marker
        for marker in ("1.", "2)", "(3)", "\u2022", "-", "a)"):
            assert split_answer("\n".join(marker + line for line in TWO)) == TWO, marker

    def test_other_beginnings_stay(self):
        lines = (
            "3.5 m of rope lie in a coil.|12 cats sit.|1950s cars have fins.|A. cepa is it.|"
            "10:30 is on the clock.|4 x 4 cars are high.|\u00bd of it is red.|2-door cars.|"
            "i-beams are steel.|\u201cStop\u201d is on it.|'Go' is on it.|T-shirts fit.|"
            '\u00c9clairs are long.|"Stop" signs are "red"|Answers are long.|50% is wet.'
        )
        for line in lines.split("|"):
            assert split_answer(line) == [line]

    def test_shipped_sentences_stay_whole(self):
        for name in shipped_descriptions():
            for sentences in load_descriptions(name).as_dict().values():
                assert split_answer("\n".join(sentences)) == sentences

    def test_no_sentence(self):
        for answer in ("", " \n ", "```\n```", "<think>hm</think>", "<think>A cat has fur."):
            assert split_answer(answer) == []
        assert split_answer("A \ud83d cat.") == ["A ? cat."]  # a lone surrogate


class TestAnswersFile:
    @pytest.fixture
    def written(self, tmp_path):
        def write(content):
            path = tmp_path / "answers.json"
            path.write_text(content if isinstance(content, str) else json.dumps(content), "utf-8")
            return path

        return write

    def asked(self, path, word="cat", attempt=0):
        questions = Collection([word], Validator()).questions(attempt)
        return [answer for _, answer in AnswersFile(path, "", 3).answers(questions)]

    def test_records_answer_their_instruction(self, written):
        expected = ["\n".join(SENTENCES[start : start + 5]) for start in (0, 5, 10)]
        for content in (RECORDS, "\n".join(map(json.dumps, RECORDS)) + "\n\n"):
            assert self.asked(written(content)) == expected
        path = written(RECORDS)
        assert self.asked(path, "dog") == [Unanswered("not in the file of answers")] * 3
        assert self.asked(path, attempt=1) == []
        assert AnswersFile(path, "", 3).model == "answers of answers.json"
        assert AnswersFile(path, "n", 3).model == "n"

    def test_sentences_without_an_instruction_are_dealt_out_in_order(self, written):
        for content in ({"Cat": SENTENCES}, {"word": "cat", "answer": "\n".join(SENTENCES)}):
            collection = Collection(["cat"], Validator())
            answers = AnswersFile(written(content), "", 3).answers(collection.questions())
            for question, answer in answers:
                collection.add(question, split_answer(answer), "m")
            assert collection.complete() == {"cat": SENTENCES}

    def test_errors_name_the_record(self, written, tmp_path):
        for content, message in (
            ("{", r"answers\.json: expected JSON"),
            ("", "record 1"),
            ([3], "record 1: .*`word`"),
            ([RECORDS[0], {"word": "cat"}], "record 2: .*`answer`"),
            ([{"word": "cat", "instruction": 4, "answer": ""}], "record 1: .*1 to 3"),
        ):
            with pytest.raises(ValueError, match=message):
                AnswersFile(written(content), "", 3)
        with pytest.raises(FileNotFoundError, match=r"none\.json"):
            AnswersFile(tmp_path / "none.json", "", 3)
        (tmp_path / "answers.json").write_bytes(b"\xff")
        with pytest.raises(ValueError, match="UTF-8"):
            AnswersFile(tmp_path / "answers.json", "", 3)
