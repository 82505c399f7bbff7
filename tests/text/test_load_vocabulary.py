"""Loading vocabularies by shipped name, path or string."""

from pathlib import Path

import pytest

from freecp_d2.modeling.text_head import vocabulary_from_config
from freecp_d2.text import load_vocabulary, shipped_vocabularies


@pytest.fixture(autouse=True)
def _folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def test_ade20k_is_the_150_words_in_label_order(log):
    vocabulary = load_vocabulary(" ade20k ")
    assert (vocabulary.name, vocabulary.num_classes) == ("ade20k", 150)
    assert len(set(vocabulary.words)) == len(vocabulary.words) == 150
    expected = {0: "wall", 1: "building", 2: "sky", 12: "person", 20: "car", 44: "chestofdrawers"}
    expected |= {80: "bus", 89: "televisionreceiver", 127: "bicycle", 136: "trafficlight"}
    expected |= {148: "clock", 149: "flag"}
    assert {k: vocabulary.class_names[k] for k in expected} == expected
    assert vocabulary.display_names[44] == "chest of drawers"
    assert log.warnings == []


def test_every_shipped_vocabulary_loads_with_distinct_display_names():
    for name in shipped_vocabularies():
        vocabulary = load_vocabulary(name)
        assert len(set(vocabulary.display_names)) == vocabulary.num_classes > 0


def test_paths(tmp_path):
    for name, text in {"a.txt": "cat\ndog", "a": "cow", "cat; dog": "owl", "ade20k": "bee"}.items():
        Path(name).write_text(text)
    for words, names in (
        (tmp_path / "a.txt", ("cat", "dog")),
        ("a.txt", ("cat", "dog")),
        ("a", ("cow",)),
        ("cat; dog", ("owl",)),  # a file that exists
        ("./ade20k", ("bee",)),
    ):
        assert load_vocabulary(words).class_names == names
    assert load_vocabulary("ade20k").num_classes == 150, "a shipped name has priority"
    for words in ("a,b.txt", "words mine.TXT", "./mine", "/no/such", Path("cat; cow")):
        with pytest.raises(FileNotFoundError, match="No vocabulary file"):
            load_vocabulary(words)


def test_strings(tiny_cfg):
    for text, classes in (
        ("cat, kitten; dog", (("cat", "kitten"), ("dog",))),
        ("cat;", (("cat",),)),
        ("ade20k;", (("ade20k",),)),
        ("cat; readme.txt", (("cat",), ("readme.txt",))),
        ("cat\uff1b readme.txt", (("cat",), ("readme.txt",))),
        ("cat\nreadme.txt", (("cat",), ("readme.txt",))),
        ("猫、犬", (("猫", "犬"),)),
    ):
        assert load_vocabulary(text).classes == classes
    for text in ("~nobody; b", "a\0; b", "word, " * 2000):  # no valid paths
        assert load_vocabulary(text).num_classes in (1, 2)
    tiny_cfg.merge_from_list(["MODEL.TEXT.VOCABULARY", "cat, kitten; dog; background: sky"])
    assert vocabulary_from_config(tiny_cfg).words == ("sky", "cat", "kitten", "dog")


def test_unknown_names_list_what_exists():
    for text, message in (
        ("ade", r"'ade': .* shipped lists \(.*ade20k.*\)"),
        ("St. Bernard", r'for this one class "St. Bernard;"\.$'),
        ("ADE20K", r"Did you mean 'ade20k' or 'ade20k_tips'\?$"),
        (" ", r"No vocabulary ''.*\"cat;\"\.$"),
    ):
        with pytest.raises(FileNotFoundError, match=message):
            load_vocabulary(text)
    for words in ({"cat", "dog"}, None, 5):
        with pytest.raises(TypeError, match=type(words).__name__):
            load_vocabulary(words)


def test_glued_words_are_reported_once(log):
    for _ in range(2):
        vocabulary = load_vocabulary("diningtable; cat; pottedplant")
        assert vocabulary.class_names == ("diningtable", "cat", "pottedplant")
    [warning] = log.warnings
    assert "'diningtable' may be 'dining table'; 'pottedplant' may be 'potted plant'" in warning
    assert "'cat'" not in warning
