"""Shipped vocabularies and the door to them."""

import pytest

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


def test_unknown_name_lists_what_exists(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"'ade': .* shipped lists \(.*ade20k.*\)"):
        load_vocabulary("ade")
    with pytest.raises(FileNotFoundError, match=r"ade\.txt: the folder .* has no \.txt file"):
        load_vocabulary(tmp_path / "ade.txt")
