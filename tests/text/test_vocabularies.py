"""Shipped vocabularies and the door to them."""

from pathlib import Path

import pytest

from freecp_d2.modeling.text_head import vocabulary_from_config
from freecp_d2.text import load_vocabulary, shipped_vocabularies


def test_ade20k_is_the_150_words_in_label_order(log):
    vocabulary = load_vocabulary("ade20k")
    assert vocabulary.name == "ade20k"
    assert (vocabulary.num_classes, vocabulary.num_background) == (150, 0)
    assert len(set(vocabulary.words)) == 150
    expected = {0: "wall", 1: "building", 2: "sky", 12: "person", 20: "car", 44: "chestofdrawers"}
    expected |= {80: "bus", 89: "televisionreceiver", 127: "bicycle", 136: "trafficlight"}
    expected |= {148: "clock", 149: "flag"}
    assert {k: vocabulary.class_names[k] for k in expected} == expected
    assert log.records == []


def test_every_shipped_vocabulary_loads():
    names = shipped_vocabularies()
    assert "ade20k" in names
    assert all(load_vocabulary(name).num_classes > 0 for name in names)


def test_path(tmp_path, monkeypatch):
    (tmp_path / "mine.txt").write_text("cat\ndog")
    (tmp_path / "mine").write_text("cow")
    assert load_vocabulary(tmp_path / "mine.txt").class_names == ("cat", "dog")
    monkeypatch.chdir(tmp_path)
    assert load_vocabulary("mine.txt").class_names == ("cat", "dog")
    assert load_vocabulary("mine").class_names == ("cow",)


def test_shipped_name_wins_over_a_local_file(tmp_path, monkeypatch):
    (tmp_path / "ade20k").write_text("cow")
    monkeypatch.chdir(tmp_path)
    assert load_vocabulary("ade20k").num_classes == 150
    assert load_vocabulary("./ade20k").class_names == ("cow",)


@pytest.mark.parametrize("words", [["cat", "dog"], None, 5])
def test_what_is_no_string(words):
    with pytest.raises(TypeError, match=r"Got words as .*join\(words\)"):
        load_vocabulary(words)


def test_unknown_name_lists_what_exists(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"'ade': .* shipped lists \(.*ade20k.*\)"):
        load_vocabulary("ade")
    with pytest.raises(FileNotFoundError, match=r"ade\.txt: the folder .* has no \.txt file"):
        load_vocabulary(tmp_path / "ade.txt")


class TestStrings:
    def test_words(self, tmp_path, monkeypatch):
        monkeypatch.chdir(tmp_path)
        assert load_vocabulary("cat, kitten; dog").classes == (("cat", "kitten"), ("dog",))
        assert load_vocabulary("cat;").classes == (("cat",),)
        assert load_vocabulary("ade20k;").classes == (("ade20k",),)
        assert load_vocabulary(" ade20k ").num_classes == 150

    def test_a_file_that_exists_wins(self, tmp_path, monkeypatch):
        monkeypatch.chdir(tmp_path)
        (tmp_path / "cat; dog").write_text("cow")
        assert load_vocabulary("cat; dog").class_names == ("cow",)

    @pytest.mark.parametrize("text", ["a,b.txt", "words mine.TXT", "./mine", "/no/such"])
    def test_what_is_meant_as_a_path(self, text, tmp_path, monkeypatch):
        monkeypatch.chdir(tmp_path)
        with pytest.raises(FileNotFoundError, match="No vocabulary file"):
            load_vocabulary(text)

    @pytest.mark.parametrize("text", ["cat; readme.txt", "cat\uff1b readme.txt", "cat\nreadme.txt"])
    def test_what_has_classes_is_a_path_only_if_it_is_there(self, text, tmp_path, monkeypatch):
        monkeypatch.chdir(tmp_path)
        (tmp_path / "readme.txt").write_text("cow")
        assert load_vocabulary(text).class_names == ("cat", "readme.txt")
        (tmp_path / text).write_text("dog")
        assert load_vocabulary(text).class_names == ("dog",)

    @pytest.mark.parametrize(
        ("text", "names"),
        [("قطة، كلب", ("قطة",)), ("猫\uff1b犬", ("猫", "犬")), ("猫、犬", ("猫",))],
    )
    def test_words_with_separators_of_other_scripts(self, text, names):
        assert load_vocabulary(text).class_names == names

    def test_a_path_is_never_words(self):
        with pytest.raises(FileNotFoundError, match="No vocabulary file cat; dog"):
            load_vocabulary(Path("cat; dog"))

    @pytest.mark.parametrize("text", ["~nobody; b", "a\0; b", "word, " * 2000])
    def test_strings_that_no_path_can_be(self, text):
        assert load_vocabulary(text).num_classes in (1, 2)

    def test_a_bare_word_says_how_to_write_one_class(self):
        with pytest.raises(FileNotFoundError, match=r'for this one class "St. Bernard;"\.$'):
            load_vocabulary("St. Bernard")
        with pytest.raises(FileNotFoundError, match=r"Did you mean 'ade20k'\?$"):
            load_vocabulary("ADE20K")
        with pytest.raises(FileNotFoundError, match=r"No vocabulary ''.*\"cat;\"\.$"):
            load_vocabulary(" ")

    def test_glued_words_are_said_once(self, log):
        vocabulary = load_vocabulary("diningtable; cat; pottedplant")
        load_vocabulary("diningtable; cat; pottedplant")
        assert vocabulary.class_names == ("diningtable", "cat", "pottedplant")
        [warning] = log.warnings
        assert warning == (
            "diningtable; cat; pottedplant: 'diningtable' may be 'dining table'; "
            "'pottedplant' may be 'potted plant'."
        )

    def test_of_a_config(self, tiny_cfg):
        tiny_cfg.merge_from_list(["MODEL.TEXT.VOCABULARY", "cat, kitten; dog; background: sky"])
        vocabulary = vocabulary_from_config(tiny_cfg)
        assert vocabulary.words == ("sky", "cat", "kitten", "dog")
