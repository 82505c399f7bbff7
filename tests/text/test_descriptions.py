"""Descriptions and templates: the file format, the fallback, and every message."""

import hashlib
import json
import sys

import open_clip
import pytest

from freecp_d2.text import (
    SIMPLE,
    TEMPLATE_SETS,
    Descriptions,
    descriptions,
    fill_templates,
    get_templates,
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
    assert found.as_dict()["cat"] == ["a furry pet", "it purrs"]
    assert list(found.as_dict()) == ["cat", "Traffic light"]
    assert Descriptions().prompts("cat", SIMPLE) == ("a photo of a cat.",)
    with pytest.raises(ValueError, match="expected a non-empty sequence"):
        Descriptions().prompts("cat", ())


def test_lookup_ignores_case_white_space_and_forms_of_accents():
    for word in ("Traffic light", "traffic  LIGHT", " trafficlight\t"):
        assert Descriptions(CONTENT).prompts(word, SIMPLE) == ("a lamp for cars",)
        assert word in Descriptions(CONTENT)
    assert "cafe\u0301" in Descriptions({"caf\u00e9": ["a drink"]})
    words = ["dog", "cat", "cow", "dog", "trafficlight"]
    assert Descriptions(CONTENT).missing(words) == ("dog", "cow")


def test_errors(tmp_path):
    for content, message in (
        ("{'cat': []}", r"words\.json: expected JSON in UTF-8, got: .*line 1"),
        ("", r"words\.json: expected JSON"),
        ('{"cat": ["a"], "dog": ["b"], "cat": ["c"]}', r"words\.json: .*'cat' is there twice"),
        (["cat"], "got a JSON list, expected an object"),
        ({"cat": "a pet"}, "got 'a pet' for 'cat'"),
        ({"descriptions": {"cat": []}}, r"words\.json: got \[\] for 'cat'"),
        ({"cat": ["a pet", 3]}, "got 3 for 'cat'"),
        ({"cat": ["  "]}, "got '  ' for 'cat'"),
        ({"Cat": ["a"], "cat": ["b"]}, "got both 'Cat' and 'cat'"),
    ):
        with pytest.raises(ValueError, match=message):
            Descriptions.from_file(written(tmp_path, content))

    path = tmp_path / "latin.json"
    path.write_bytes('{"café": ["a drink"]}'.encode("latin-1"))
    with pytest.raises(ValueError, match=r"latin\.json: expected JSON in UTF-8"):
        Descriptions.from_file(path)
    with pytest.raises(FileNotFoundError, match=r"No descriptions file .*none\.json"):
        Descriptions.from_file(tmp_path / "none.json")
    with pytest.raises(FileNotFoundError, match="it is a folder"):
        Descriptions.from_file(tmp_path)


@pytest.fixture
def shipped(tmp_path, monkeypatch):
    """The folder of the shipped `book` and `film`; the working directory is its parent."""
    folder = tmp_path / "shipped"
    folder.mkdir()
    for name in ("film.json", "book.json", "note.txt"):
        (folder / name).write_text(json.dumps(CONTENT))
    monkeypatch.setattr(descriptions, "_DESCRIPTIONS_DIR", folder)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))


def test_shipped_names_have_priority_over_local_files(shipped, tmp_path):
    assert shipped_descriptions() == ("book", "film")
    (tmp_path / "book").write_text('{"dog": ["a pet"]}')
    assert "cat" in load_descriptions("book")
    for path in ("./book", tmp_path / "book", "~/book"):
        assert "dog" in load_descriptions(path)
    (tmp_path / "mine").write_text('{"dog": ["a pet"]}')
    assert "dog" in load_descriptions("mine")


def test_unknown_names_and_missing_paths(shipped, tmp_path):
    with pytest.raises(FileNotFoundError, match=r"'bok': .*\(book, film\)"):
        load_descriptions("bok")
    for path in (tmp_path / "bok.json", "bok.json", "absent/book"):
        with pytest.raises(FileNotFoundError, match=r"No descriptions file .*bo"):
            load_descriptions(path)


def test_provenance_is_kept_and_an_edited_file_is_a_warning(tmp_path, log):
    facts = {"model": "m", "instructions": ["{word}?"], "date": "2026-11-24", "licence": "none"}
    facts["sha256"] = digest = descriptions_digest(CONTENT)
    found = Descriptions.from_file(written(tmp_path, facts | {"descriptions": CONTENT}))
    assert found.provenance == facts
    assert ("cat" in found, "model" in found) == (True, False)
    found = Descriptions.from_file(written(tmp_path, {"descriptions": ["a text"], "cat": ["pet"]}))
    assert (found.provenance, found.prompts("descriptions", SIMPLE)) == ({}, ("a text",))
    assert log.warnings == []
    edited = CONTENT | {"cat": ["a furry pet"]}
    for expected in (digest, 3):
        log.warnings.clear()
        path = written(tmp_path, {"sha256": expected, "descriptions": edited})
        assert Descriptions.from_file(path).prompts("cat", ()) == ("a furry pet",)
        (message,) = log.warnings
        for fact in ("words.json", str(expected), descriptions_digest(edited)):
            assert fact in message


def test_digest_is_of_words_and_sentences():
    digest = descriptions_digest
    assert digest({"a": ["x"], "b": ["y"]}) == digest({"b": ["y"], "a": ["x"]})
    assert digest({"a": ["x", "y"]}) != digest({"a": ["y", "x"]})
    assert digest({"é": ["x"]}) == hashlib.sha256('{"é":["x"]}'.encode()).hexdigest()


def test_imagenet_equals_open_clips_80_without_importing_it(monkeypatch):
    expected = tuple(template("{}") for template in open_clip.OPENAI_IMAGENET_TEMPLATES)
    monkeypatch.setitem(sys.modules, "open_clip", None)  # an import of it raises
    assert get_templates("imagenet") == expected
    assert len(set(expected)) == 80


def test_named_sets():
    assert get_templates("simple") == SIMPLE == ("a photo of a {}.",)
    assert [len(get_templates(name)) for name in TEMPLATE_SETS] == [80, 9, 1]
    assert len(set(get_templates("tcl")) - set(get_templates("imagenet"))) == 1  # "{}s"
    with pytest.raises(ValueError, match="'cifar', expected one of imagenet, tcl, simple"):
        get_templates("cifar")


def test_fill():
    assert fill_templates(SIMPLE, "cat") == ("a photo of a cat.",)
    assert fill_templates(("a {}!",), "{0} {}") == ("a {0} {}!",)
    for templates, message in (
        ("a photo of a {}.", "expected a non-empty sequence"),
        ((), "expected a non-empty sequence"),
        (("a photo of a {}.", "a photo"), r"got the template 'a photo', expected one \{\}"),
        (("a {} with a {}",), r"expected one \{\}"),
    ):
        with pytest.raises(ValueError, match=message):
            fill_templates(templates, "cat")
