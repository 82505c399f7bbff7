"""Descriptions: the file format, the fallback to templates, and every message."""

import hashlib
import json

import pytest

from freecp_d2.text import (
    SIMPLE,
    Descriptions,
    descriptions,
    load_descriptions,
    shipped_descriptions,
)
from freecp_d2.text.descriptions import descriptions_digest

CONTENT = {"cat": ["a furry pet", " it purrs "], "Traffic light": ["a lamp for cars"]}


def written(tmp_path, content):
    path = tmp_path / "words.json"
    path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
    return path


def test_prompts_are_the_descriptions_or_the_templates(tmp_path):
    found = Descriptions.from_file(written(tmp_path, CONTENT))
    assert len(found) == 2
    assert found.prompts("cat", ()) == ("a furry pet", "it purrs")
    assert found.prompts("dog", SIMPLE) == ("a photo of a dog.",)
    assert Descriptions().prompts("cat", SIMPLE) == ("a photo of a cat.",)
    with pytest.raises(ValueError, match="expected a non-empty sequence"):
        Descriptions().prompts("cat", ())


def test_lookup_ignores_case_white_space_and_forms_of_accents():
    for word in ("Traffic light", "traffic  LIGHT", " trafficlight\t"):
        assert Descriptions(CONTENT).prompts(word, SIMPLE) == ("a lamp for cars",)
        assert word in Descriptions(CONTENT)
    assert "cafe\u0301" in Descriptions({"caf\u00e9": ["a drink"]})


def test_facts_beside_descriptions(tmp_path):
    path = written(tmp_path, {"model": "a language model", "n": 15, "descriptions": CONTENT})
    assert "cat" in Descriptions.from_file(path)
    assert "model" not in Descriptions.from_file(path)
    path = written(tmp_path, {"descriptions": ["a text"], "cat": ["a pet"]})
    assert Descriptions.from_file(path).prompts("descriptions", SIMPLE) == ("a text",)


def test_missing_words_in_order_each_once():
    words = ["dog", "cat", "cow", "dog", "trafficlight"]
    assert Descriptions(CONTENT).missing(words) == ("dog", "cow")
    assert Descriptions().missing(["cat", "dog"]) == ("cat", "dog")


def test_errors(tmp_path):
    for content, message in (
        ("{'cat': []}", r"words\.json: expected JSON in UTF-8, got: .*line 1"),
        ("", r"words\.json: expected JSON"),
        ('{"cat": ["a"], "dog": ["b"], "cat": ["c"]}', r"words\.json: .*'cat' is there twice"),
        (["cat"], "got a JSON list, expected an object"),
        ({"cat": "a pet"}, "got a str for 'cat'"),
        ({"cat": {"a": 1}}, "got a dict for 'cat'"),
        ({"descriptions": {"cat": []}}, r"words\.json: got an empty list for 'cat'"),
        ({"cat": []}, "got an empty list for 'cat'"),
        ({"cat": ["a pet", 3]}, "got 3 among the descriptions of 'cat'"),
        ({"cat": ["  "]}, "got '  ' among the descriptions of 'cat'"),
        ({"Cat": ["a"], "cat": ["b"]}, "got both 'Cat' and 'cat'"),
    ):
        with pytest.raises(ValueError, match=message):
            Descriptions.from_file(written(tmp_path, content))


def test_unreadable_files(tmp_path):
    path = tmp_path / "latin.json"
    path.write_bytes('{"café": ["a drink"]}'.encode("latin-1"))
    with pytest.raises(ValueError, match=r"latin\.json: expected JSON in UTF-8"):
        Descriptions.from_file(path)
    with pytest.raises(FileNotFoundError, match=r"No descriptions file .*none\.json"):
        Descriptions.from_file(tmp_path / "none.json")
    with pytest.raises(FileNotFoundError, match="it is a folder"):
        Descriptions.from_file(tmp_path)


class TestLoadDescriptions:
    @pytest.fixture(autouse=True)
    def _shipped(self, tmp_path, monkeypatch):
        """`book` and `film` are shipped; tests run in a folder of their own."""
        folder = tmp_path / "shipped"
        folder.mkdir()
        for name in ("film.json", "book.json", "note.txt"):
            (folder / name).write_text(json.dumps(CONTENT))
        monkeypatch.setattr(descriptions, "_DESCRIPTIONS_DIR", folder)
        monkeypatch.chdir(tmp_path)

    def test_shipped_names(self):
        assert shipped_descriptions() == ("book", "film")
        assert "cat" in load_descriptions("book")

    def test_shipped_name_has_priority_over_a_local_file(self, tmp_path):
        (tmp_path / "book").write_text('{"dog": ["a pet"]}')
        assert "cat" in load_descriptions("book")
        assert "dog" in load_descriptions("./book")

    def test_paths(self, tmp_path, monkeypatch):
        written(tmp_path, CONTENT).rename(tmp_path / "mine")
        monkeypatch.setenv("HOME", str(tmp_path))
        for path in ("mine", tmp_path / "mine", "~/mine"):
            assert len(load_descriptions(path)) == 2

    def test_unknown_names_and_missing_paths(self, tmp_path, monkeypatch):
        with pytest.raises(FileNotFoundError, match=r"'bok': .*ships .*\(book, film\)"):
            load_descriptions("bok")
        for path in (tmp_path / "bok.json", "bok.json", "absent/book"):
            with pytest.raises(FileNotFoundError, match=r"No descriptions file .*bo"):
                load_descriptions(path)
        monkeypatch.setattr(descriptions, "_DESCRIPTIONS_DIR", tmp_path / "none")
        with pytest.raises(FileNotFoundError, match=r"package \(none does\)"):
            load_descriptions("book")


def test_every_shipped_file_loads():
    assert all(len(load_descriptions(name)) > 0 for name in shipped_descriptions())


class TestProvenance:
    FACTS = {"model": "m", "instructions": ["{word}?"], "date": "2026-11-24", "licence": "none"}

    def read(self, tmp_path, content, digest):
        facts = self.FACTS | {"sha256": digest, "descriptions": content}
        return Descriptions.from_file(written(tmp_path, facts))

    def test_is_kept(self, tmp_path, log):
        digest = descriptions_digest(CONTENT)
        assert self.read(tmp_path, CONTENT, digest).provenance == self.FACTS | {"sha256": digest}
        assert Descriptions.from_file(written(tmp_path, CONTENT)).provenance == {}
        assert Descriptions().provenance == {}
        assert log.warnings == []

    def test_edited_file_is_read_with_a_warning(self, tmp_path, log):
        edited = CONTENT | {"cat": ["a furry pet"]}
        for digest in (descriptions_digest(CONTENT), 3):
            log.warnings.clear()
            assert self.read(tmp_path, edited, digest).prompts("cat", ()) == ("a furry pet",)
            (message,) = log.warnings
            for fact in ("words.json", str(digest), descriptions_digest(edited)):
                assert fact in message

    def test_digest_is_of_words_and_sentences(self):
        digest = descriptions_digest
        assert digest({"a": ["x"], "b": ["y"]}) == digest({"b": ["y"], "a": ["x"]})
        assert digest({"a": ["x", "y"]}) != digest({"a": ["y", "x"]})
        assert digest({"é": ["x"]}) == hashlib.sha256('{"é":["x"]}'.encode()).hexdigest()


def test_as_dict_keeps_spelling_and_order():
    found = Descriptions(CONTENT).as_dict()
    assert list(found) == ["cat", "Traffic light"]
    assert found["cat"] == ["a furry pet", "it purrs"]
