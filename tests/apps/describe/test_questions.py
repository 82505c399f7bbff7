"""Prompts, senses of words, and the files that change them."""

import json
from pathlib import Path

import pytest

import freecp_d2
from freecp_d2.apps.describe.questions import INSTRUCTIONS, Question, Senses, read_instructions
from freecp_d2.text import Vocabulary, load_vocabulary

SITE = Vocabulary("site", (("crane", "derrick"), ("bus",), ("building",)), ("sky",))


class TestPrompt:
    def test_instructions_are_those_of_the_shipped_descriptions(self):
        path = Path(freecp_d2.__file__).parent / "text/resources/descriptions/visual.json"
        assert json.loads(path.read_text("utf-8"))["instructions"] == list(INSTRUCTIONS)

    def test_parts(self):
        question = Question("diningtable", 0, INSTRUCTIONS[0], 5, ("One.",), sense="A {pet}.")
        first, sense, rest, known = question.prompt.split("\n\n")
        assert first == INSTRUCTIONS[0].replace("{word}", "dining table")
        assert sense == "A {pet}."
        assert "Write 5 different sentences" in rest
        assert "names the dining table," in rest
        assert known.endswith(":\nOne.")
        assert "Write one sentence," in Question("cat", 0, INSTRUCTIONS[0], 1).prompt
        assert "a {num} as" in Question("{num}", 0, INSTRUCTIONS[0], 5).prompt


class TestSenses:
    def test_other_classes(self):
        told, stated = Senses(SITE)["crane"]
        assert "The crane is also called derrick." in told
        assert "among the classes bus, building:" in told
        assert stated == ""
        assert Senses(Vocabulary("one", (("cat",),)))["cat"] == ("", "")

    def test_neighbours_are_the_nearest_twelve(self):
        senses = Senses(Vocabulary("many", tuple((f"w{i}",) for i in range(40))))
        expected = {0: range(1, 13), 20: [*range(14, 20), *range(21, 27)], 39: range(27, 39)}
        for k, neighbours in expected.items():
            listed = ", ".join(f"w{i}" for i in neighbours)
            assert f"among the classes {listed}: write" in senses[f"w{k}"][0]

    def test_a_context_replaces_the_classes(self):
        senses = Senses(SITE, context=" building\nsites ")
        assert senses["bus"] == ("The photos show: building sites.", "building sites")
        assert senses.context == "building sites"

    def test_benchmarks(self):
        assert Senses(SITE).context == "classes of site: crane, bus, building"
        senses = Senses(load_vocabulary("ade20k"))
        assert senses.context.endswith(", ...")
        assert "The hood is also called exhaust hood." in senses["hood"][0]


class TestReaders:
    @pytest.fixture
    def path(self, tmp_path):
        return tmp_path / "mine.txt"

    def test_files(self, path):
        path.write_text("\ufeffWhat is a {word}?\n\n  Where is a {word}?\r\n", encoding="utf-8")
        assert read_instructions(path) == ("What is a {word}?", "Where is a {word}?")

    def test_errors(self, path):
        for content, message in (
            (b"What is it?", r"'What is it\?', expected .*\{word\}"),
            ("é {word}".encode("latin-1"), "UTF-8"),
        ):
            path.write_bytes(content)
            with pytest.raises(ValueError, match=message):
                read_instructions(path)
        with pytest.raises(FileNotFoundError, match=r"none\.txt"):
            read_instructions(path.with_name("none.txt"))
