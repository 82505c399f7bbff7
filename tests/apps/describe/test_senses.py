"""A model is told what a word means by the classes beside it, or by what the user says."""

import pytest

from freecp_d2.apps.describe import Senses, read_meanings
from freecp_d2.text import Vocabulary, load_vocabulary

SITE = Vocabulary("site", (("crane", "derrick"), ("bus",), ("building",)), ("sky",))


def test_the_other_classes_tell_it():
    sense = Senses(SITE)["crane"]
    assert sense.told == (
        "The crane is also called derrick. It stands among the classes bus, building: write of "
        'what "crane" means beside them.'
    )
    assert sense.said == ""


def test_a_background_word():
    assert "classes crane, bus, building:" in Senses(SITE)["sky"].told


def test_a_class_alone_has_nothing_to_tell():
    assert Senses(Vocabulary("one", (("cat",),)))["cat"].told == ""


def test_neighbours_are_the_nearest_and_not_too_many():
    words = tuple((f"w{i}",) for i in range(40))
    senses = Senses(Vocabulary("many", words))
    expected = {0: range(1, 13), 20: [*range(14, 20), *range(21, 27)], 39: range(27, 39)}
    for k, neighbours in expected.items():
        listed = ", ".join(f"w{i}" for i in neighbours)
        assert f"among the classes {listed}: write" in senses[f"w{k}"].told


def test_what_is_said_of_a_word_is_told_instead():
    senses = Senses(SITE, meanings={"Crane": "a machine that lifts loads."})
    assert senses["crane"].told == (
        'The crane is also called derrick. Here "crane" means: a machine that lifts loads.'
    )
    assert senses["crane"].said == "a machine that lifts loads."
    assert senses["bus"].said == ""
    assert senses.meanings(("crane", "bus")) == {"crane": "a machine that lifts loads."}


def test_what_the_photos_show_is_told_instead_of_the_classes():
    senses = Senses(SITE, context=" building\nsites ")
    assert senses["bus"].told == "The photos show: building sites."
    assert senses["bus"].said == "building sites"
    assert senses.context == "building sites"


def test_for_the_provenance():
    assert Senses(SITE).context == "classes of site: crane, bus, building"
    assert Senses(load_vocabulary("ade20k")).context.endswith(", ...")


def test_names_of_a_benchmark():
    assert "The hood is also called exhaust hood." in Senses(load_vocabulary("ade20k"))["hood"].told
    told = Senses(load_vocabulary("coco_object"))["mouse"].told
    assert "laptop, remote, keyboard" in told


def test_a_file_of_the_name_of_a_benchmark_does_not_get_its_names():
    own = Vocabulary("voc20_mine", tuple((word,) for word in ("cat", "dog", "cow", "owl") * 5))
    assert "also called" not in "".join(Senses(own)[word].told for word in own.words)


class TestReadMeanings:
    def test_lines(self, tmp_path):
        path = tmp_path / "senses.txt"
        path.write_text("\ufeff# mine\n\ncrane :  a machine: it lifts\n", encoding="utf-8")
        assert read_meanings(path) == {"crane": "a machine: it lifts"}

    @pytest.mark.parametrize(
        ("content", "message"),
        [
            (b"crane", "line 1: got 'crane', expected a word"),
            (b"a: b\ncrane:", "line 2"),
            (b": bird", "line 1"),
            (b"a: b\na: c", "line 2"),
            (b"\xff: x", "expected UTF-8"),
        ],
    )
    def test_errors(self, tmp_path, content, message):
        path = tmp_path / "senses.txt"
        path.write_bytes(content)
        with pytest.raises(ValueError, match=message):
            read_meanings(path)

    def test_missing(self, tmp_path):
        with pytest.raises(FileNotFoundError, match="No file of senses"):
            read_meanings(tmp_path / "none.txt")
