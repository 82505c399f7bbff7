"""Descriptions: the file format, the fallback to templates, and every message."""

import hashlib
import json

import pytest

from freecp_d2.text import SIMPLE, Descriptions, descriptions, load_descriptions
from freecp_d2.text import shipped_descriptions as shipped

CONTENT = {"cat": ["a furry pet", " it purrs "], "Traffic light": ["a lamp for cars"]}


def written(tmp_path, content):
    path = tmp_path / "words.json"
    path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
    return path


def test_prompts_are_the_descriptions_or_the_templates(tmp_path):
    descriptions = Descriptions.from_file(written(tmp_path, CONTENT))
    assert len(descriptions) == 2
    assert descriptions.prompts("cat", SIMPLE) == ("a furry pet", "it purrs")
    assert descriptions.prompts("dog", SIMPLE) == ("a photo of a dog.",)


@pytest.mark.parametrize("word", ["Traffic light", "traffic  LIGHT", " trafficlight\t"])
def test_case_and_white_space_do_not_matter(word):
    assert Descriptions(CONTENT).prompts(word, SIMPLE) == ("a lamp for cars",)
    assert word in Descriptions(CONTENT)


def test_meta_beside_descriptions(tmp_path):
    path = written(tmp_path, {"model": "a language model", "n": 15, "descriptions": CONTENT})
    descriptions = Descriptions.from_file(path)
    assert "cat" in descriptions
    assert "model" not in descriptions


def test_descriptions_may_be_a_word(tmp_path):
    path = written(tmp_path, {"descriptions": ["a text"], "cat": ["a pet"]})
    assert Descriptions.from_file(path).prompts("descriptions", SIMPLE) == ("a text",)


def test_missing_words_in_order_each_once():
    words = ["dog", "cat", "cow", "dog", "trafficlight"]
    assert Descriptions(CONTENT).missing(words) == ("dog", "cow")


def test_without_a_file_every_word_falls_back():
    assert Descriptions().missing(["cat", "dog"]) == ("cat", "dog")
    assert Descriptions().prompts("cat", SIMPLE) == ("a photo of a cat.",)


def test_fallback_needs_templates():
    with pytest.raises(ValueError, match="expected a non-empty sequence"):
        Descriptions().prompts("cat", ())
    assert Descriptions(CONTENT).prompts("cat", ()) == ("a furry pet", "it purrs")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{'cat': []}", r"words\.json: expected JSON in UTF-8, got: .*line 1"),
        ("", r"words\.json: expected JSON"),
        (["cat"], "got a JSON list, expected an object"),
        ({"cat": "a pet"}, "got a str for 'cat', expected a list of strings"),
        ({"cat": {"a": 1}}, "got a dict for 'cat'"),
        ({"descriptions": {"cat": []}}, r"words\.json: got an empty list for 'cat'"),
        ({"cat": []}, "got an empty list for 'cat', expected at least one description"),
        ({"cat": ["a pet", 3]}, "got 3 among the descriptions of 'cat'"),
        ({"cat": ["  "]}, "got '  ' among the descriptions of 'cat'"),
        ({"Cat": ["a"], "cat": ["b"]}, "got both 'Cat' and 'cat'"),
    ],
)
def test_errors(tmp_path, content, message):
    with pytest.raises(ValueError, match=message):
        Descriptions.from_file(written(tmp_path, content))


def test_file_that_is_not_utf8(tmp_path):
    path = tmp_path / "latin.json"
    path.write_bytes('{"café": ["a drink"]}'.encode("latin-1"))
    with pytest.raises(ValueError, match=r"latin\.json: expected JSON in UTF-8"):
        Descriptions.from_file(path)


def test_missing_file(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"No descriptions file .*none\.json"):
        Descriptions.from_file(tmp_path / "none.json")


def test_a_folder(tmp_path):
    with pytest.raises(FileNotFoundError, match="it is a folder; correct the path"):
        Descriptions.from_file(tmp_path)


def test_a_word_that_is_twice_in_a_file(tmp_path):
    """JSON would keep the last one only, and say nothing."""
    path = tmp_path / "twice.json"
    path.write_text('{"cat": ["it purrs"], "dog": ["it barks"], "cat": ["it has fur"]}')
    with pytest.raises(ValueError, match=r"twice\.json: expected JSON .*'cat' is there twice"):
        Descriptions.from_file(path)


def test_ways_to_write_an_accent_are_one_word():
    assert "cafe\u0301" in Descriptions({"caf\u00e9": ["a drink"]})


class TestLoadDescriptions:
    @pytest.fixture
    def ours(self, tmp_path, monkeypatch):
        """A folder of shipped descriptions that holds `book`."""
        folder = tmp_path / "shipped"
        folder.mkdir()
        (folder / "book.json").write_text(json.dumps(CONTENT))
        monkeypatch.setattr(descriptions, "_DESCRIPTIONS_DIR", folder)

    def test_by_name(self, ours):
        assert shipped() == ("book",)
        assert "cat" in load_descriptions("book")

    def test_a_shipped_name_wins_over_a_local_file(self, ours, tmp_path, monkeypatch):
        (tmp_path / "book").write_text('{"dog": ["a pet"]}')
        monkeypatch.chdir(tmp_path)
        assert "cat" in load_descriptions("book")
        assert "dog" in load_descriptions("./book")

    def test_by_path(self, ours, tmp_path, monkeypatch):
        written(tmp_path, CONTENT).rename(tmp_path / "mine")
        monkeypatch.chdir(tmp_path)
        assert len(load_descriptions("mine")) == len(load_descriptions(tmp_path / "mine")) == 2

    def test_unknown(self, ours, tmp_path, monkeypatch):
        with pytest.raises(FileNotFoundError, match=r"'bok': .*ships with the package \(book\);"):
            load_descriptions("bok")
        with pytest.raises(FileNotFoundError, match=r"No descriptions file .*bok\.json"):
            load_descriptions(tmp_path / "bok.json")
        monkeypatch.setattr(descriptions, "_DESCRIPTIONS_DIR", tmp_path / "none")
        with pytest.raises(FileNotFoundError, match=r"package \(none does\)"):
            load_descriptions("book")

    def test_every_shipped_one_loads(self):
        assert all(len(load_descriptions(name)) > 0 for name in shipped())


class TestProvenance:
    FACTS = {"model": "m", "instructions": ["{word}?"], "date": "2026-11-24", "licence": "none"}

    def write(self, tmp_path, content, digest):
        return written(tmp_path, self.FACTS | {"sha256": digest, "descriptions": content})

    def test_it_is_kept(self, tmp_path, caplog):
        digest = descriptions.descriptions_digest(CONTENT)
        found = Descriptions.from_file(self.write(tmp_path, CONTENT, digest))
        assert found.provenance == self.FACTS | {"sha256": digest}
        assert not caplog.records

    def test_a_file_that_says_nothing_has_none(self, tmp_path, caplog):
        assert Descriptions.from_file(written(tmp_path, CONTENT)).provenance == {}
        assert Descriptions().provenance == {}
        assert not caplog.records

    def test_an_edited_file_is_read_and_said(self, tmp_path, caplog):
        digest = descriptions.descriptions_digest(CONTENT)
        edited = CONTENT | {"cat": ["a furry pet"]}
        found = Descriptions.from_file(self.write(tmp_path, edited, digest))
        assert found.prompts("cat", ()) == ("a furry pet",)
        new = descriptions.descriptions_digest(edited)
        (message,) = caplog.messages
        assert all(part in message for part in ("words.json", digest, new, "on purpose"))

    def test_a_hash_that_is_no_hash(self, tmp_path, caplog):
        Descriptions.from_file(self.write(tmp_path, CONTENT, 3))
        assert "expected 3" in caplog.text

    def test_the_digest_is_that_of_the_words_and_sentences(self):
        digest = descriptions.descriptions_digest
        assert digest({"a": ["x"], "b": ["y"]}) == digest({"b": ["y"], "a": ["x"]})
        assert digest({"a": ["x", "y"]}) != digest({"a": ["y", "x"]})
        assert digest({"é": ["x"]}) == hashlib.sha256('{"é":["x"]}'.encode()).hexdigest()

    def test_as_dict_keeps_spelling_and_order(self):
        found = Descriptions(CONTENT).as_dict()
        assert list(found) == ["cat", "Traffic light"]
        assert found["cat"] == ["a furry pet", "it purrs"]
