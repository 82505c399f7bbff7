"""Questions are about one word as a person writes it; instructions of one's own are checked."""

import json
from pathlib import Path

import pytest

import freecp_d2
from freecp_d2.apps.describe import INSTRUCTIONS, Question, read_instructions
from freecp_d2.apps.describe.instructions import readable


def test_they_are_those_of_the_shipped_descriptions():
    path = Path(freecp_d2.__file__).parent / "text" / "resources" / "descriptions" / "visual.json"
    assert json.loads(path.read_text(encoding="utf-8"))["instructions"] == list(INSTRUCTIONS)


@pytest.mark.parametrize(
    ("word", "expected"),
    [("cat", "cat"), ("diningtable", "dining table"), ("floor-wood", "floor wood"),
     ("building-other", "building"), ("-", "-"), ("\U0001f600", "\U0001f600"), ("قطة", "قطة")],
)  # fmt: skip
def test_readable(word, expected):
    assert readable(word) == expected


def test_a_prompt():
    question = Question("diningtable", 0, INSTRUCTIONS[0], 5, ("One.",))
    first, _, rest = question.prompt.partition("\n\n")
    assert first == INSTRUCTIONS[0].replace("{word}", "dining table")
    assert "Write 5 different sentences" in rest
    assert "names the dining table," in rest
    assert rest.endswith("say something else:\nOne.")


def test_what_is_there_is_said_when_it_is_asked_again():
    prompt = Question("cat", 0, INSTRUCTIONS[0], 1, ("A cat purrs.",), attempt=1).prompt
    assert "Write one sentence," in prompt
    assert prompt.endswith("\nA cat purrs.")


def test_the_sense_stands_between_the_instruction_and_the_rest():
    prompt = Question("cat", 0, INSTRUCTIONS[0], 5, sense="A {pet}.").prompt
    assert prompt.split("\n\n")[1] == "A {pet}."


def test_a_word_with_braces_is_kept():
    assert "a {num} as" in Question("{num}", 0, INSTRUCTIONS[0], 5).prompt


class TestReadInstructions:
    def test_lines(self, tmp_path):
        path = tmp_path / "mine.txt"
        path.write_text("\ufeffWhat is a {word}?\n\n  Where is a {word}?\r\n", encoding="utf-8")
        assert read_instructions(path) == ("What is a {word}?", "Where is a {word}?")

    @pytest.mark.parametrize(
        ("content", "message"),
        [
            (b"", "got no instruction, expected one a line"),
            (b"What is it?", r"got 'What is it\?', expected \{word\}"),
            ("é {word}".encode("latin-1"), "expected UTF-8"),
        ],
    )
    def test_errors(self, tmp_path, content, message):
        path = tmp_path / "mine.txt"
        path.write_bytes(content)
        with pytest.raises(ValueError, match=message):
            read_instructions(path)

    def test_missing(self, tmp_path):
        with pytest.raises(FileNotFoundError, match="No file of instructions"):
            read_instructions(tmp_path / "none.txt")
