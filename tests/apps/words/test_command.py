"""`python -m freecp_d2.words`: what it prints, and its exit codes."""

import io
import json
import sys

import pytest

from freecp_d2.apps.words import command
from freecp_d2.text import shipped_vocabularies
from tests.helpers.command import in_process


@pytest.fixture
def say(capsys):
    return in_process(command.main, capsys)


@pytest.fixture
def described(tmp_path):
    """A file of descriptions of `cat`."""
    path = tmp_path / "mine.json"
    path.write_text(json.dumps({"cat": ["a furry animal", "it has whiskers"]}))
    return str(path)


class TestCheck:
    def test_nothing_wrong(self, say):
        counts = "2 classes, 4 words, 1 of them background: 0 problems, 0 notes.\n"
        text = "cat, kitten; dog; background: sky"
        assert say("check", text) == (0, f"{text}: {counts}", "")

    def test_problems(self, say, caplog):
        code, out, _ = say("check", "cat, Cat; dog;; cat; background: dog")
        assert code == 1
        rows = [line.split("  ") for line in out.splitlines() if line.startswith("problem")]
        assert [row[-1].strip() for row in rows] == [
            "empty; it is no class",
            "dropped 'Cat', which is already in that part",
            "'cat' is a word of two classes, of one name; they share its score",
            "'dog' is a class ('dog') and a background word; both compete for its pixels",
        ]
        assert out.endswith("4 problems, 0 notes.\n")
        assert caplog.records == []

    def test_notes_are_no_failure(self, say, described):
        code, out, _ = say("check", "cat; bookshelf;", "--descriptions", described)
        assert code == 0
        assert "note           'bookshelf' may be 'book shelf'" in out
        assert "1 of 2 words of classes have no descriptions and use the templates: 'books" in out

    def test_every_shipped_list_has_no_problem_but_a_bed(self, say):
        wrong = {name for name in shipped_vocabularies() if say("check", name)[0]}
        assert wrong == {"coco_object", "coco_object_sclip", "coco_object_proxyclip"}
        _, out, _ = say("check", "coco_object")
        assert "'bed' is a class ('bed') and a background word" in out
        assert ": 1 problem," in out

    def test_what_cannot_be_read(self, say, tmp_path):
        (tmp_path / "empty.txt").write_text("# nothing\n")
        for argv, messages in (
            ([str(tmp_path / "empty.txt")], ["empty.txt"]),
            (["caf\udce9; dog"], ["caf\\udce9"]),
            (["voc2"], ["'voc21'"]),
            (["cat;", "--descriptions", "nope"], ["No descriptions 'nope'", "storybook"]),
        ):
            code, out, err = say("check", *argv)
            assert (code, out) == (1, "")
            assert all(message in err for message in messages)


class TestShow:
    def test_a_word_of_benchmarks(self, say):
        code, out, _ = say("show", "Table", "--descriptions", "storybook")
        assert code == 0
        assert "tokens: 1: table\n" in out
        assert 'prompts: 8 tokens with start and end in "a photo of a {}.", 6 to 12 in' in out
        rows = [line.split() for line in out.splitlines()]
        assert ["voc21", "class", "10", "table", "diningtable"] in rows
        assert ["ade20k", "class", "15", "table", "table"] in rows
        assert "15 descriptions of storybook:\n  " in out
        rows = [line.split() for line in say("show", "traffic light")[1].splitlines()]
        assert ["cityscapes", "class", "6", "trafficlight", "traffic", "light"] in rows

    def test_synonyms_and_background(self, say):
        assert "synonym of class 0" in say("show", "person in jeans")[1]
        out = say("show", "ceiling")[1]
        assert "voc21" in out
        assert "wardrobe, ceiling, shelf" in out

    def test_an_unknown_word(self, say, described):
        code, out, _ = say("show", "elefant", "--descriptions", described)
        assert code == 0
        assert "similar words: elephant" in out
        assert f"No descriptions in {described}" in out
        assert "tokens: 2: <f0 9f a6> | <a9>" in say("show", "\U0001f9a9")[1]
        code, out, err = say("show", " ")
        assert (code, out) == (1, "")
        assert "empty word" in err


def test_missing(say, described):
    def missing(words, *more):
        return say("missing", words, "--descriptions", described, *more)

    code, out, err = missing("dog; cat, kitten")
    assert (code, out) == (1, "dog\nkitten\n")
    assert err.startswith("dog; cat, kitten: 2 of 3 words without descriptions in ")
    code, out, err = missing("Cat;")
    assert (code, out) == (0, "")
    assert "0 of 1 word without" in err
    assert missing("cat; background: sky")[:2] == (0, "")
    assert missing("cat; background: sky", "--background")[:2] == (1, "sky\n")
    with pytest.raises(SystemExit) as error:
        say("missing", "cat;")
    assert error.value.code == 2


def test_stats(say, described):
    text = "cat, kitten; chest of drawers; background: sky, sea"
    code, out, _ = say("stats", text, "--descriptions", described)
    assert code == 0
    row = next(line for line in out.splitlines() if line.startswith("cat, kitten"))
    # Tokens: sky 1, sea 1, cat 1, kitten 1, chest of drawers 3.
    assert row.split()[-10:] == ["2", "5", "1", "2", "1", "1", "3", "1", "of", "3"]
    assert f"by {described}." in out
    code, out, _ = say("stats")
    assert code == 0
    assert all(f"\n{name} " in out for name in shipped_vocabularies())
    code, _, err = say("stats", "voc20", "coco")
    assert code == 1
    assert "'coco'" in err


def test_a_closed_pipe_is_no_error(monkeypatch, tmp_path):
    class Closed(io.StringIO):
        def write(self, text):
            raise BrokenPipeError

    with open(tmp_path / "file", "w") as file:
        monkeypatch.setattr(Closed, "fileno", lambda self: file.fileno())
        monkeypatch.setattr(sys, "stdout", Closed())
        assert command.main(["check", "cat;"]) == 0
