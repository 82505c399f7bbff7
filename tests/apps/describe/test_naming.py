"""What names a class, and which other classes a sentence names."""

import pytest

from freecp_d2.apps.describe.naming import Naming, stems_of, tokens_of
from freecp_d2.text import Vocabulary, load_vocabulary

ROOM = Vocabulary(
    "room",
    (("dining table", "table"), ("chair",), ("traffic light",), ("light",), ("book shelf",)),
    ("wall",),
)


@pytest.mark.parametrize(
    ("word", "named"),
    [("shelf", "shelves"), ("knife", "knives"), ("city", "cities"), ("bus", "buses"),
     ("person", "people"), ("horse", "horses"), ("eye", "eyes"), ("tie", "ties"),
     ("grass", "grass"),
     ("diningtable", "table"), ("trafficlight", "traffic light"), ("traffic light", "lights"),
     ("book shelf", "bookshelf"), ("building-other", "buildings"), ("CRT Screen", "screen")],
)  # fmt: skip
def test_named(word, named):
    assert Naming().is_named(word, f"Some {named} of a dark colour.")


@pytest.mark.parametrize(
    ("word", "other"),
    [("cat", "scattered"), ("bus", "bust"), ("person in shirt", "shoe in sunlight")],
)
def test_not_named(word, other):
    assert not Naming().is_named(word, f"Some {other} thing of a dark colour.")


def test_names_of_a_class():
    assert Naming(ROOM).names("table") == ("table", "dining table")
    assert Naming(ROOM).names("Dining  Table") == ("dining table", "table")
    assert Naming(ROOM).names("wall") == ("wall",)
    assert Naming().names("diningtable") == ("dining table",)


def test_a_word_of_two_classes_has_the_names_of_both():
    naming = Naming(Vocabulary("two", (("crane", "derrick"), ("crane", "bird"))))
    assert naming.names("crane") == ("crane", "derrick", "bird")
    assert naming.others("crane", "A bird beside a derrick.") == []


def test_what_the_benchmark_calls_it():
    naming = Naming(load_vocabulary("ade20k"))
    assert naming.names("plaything") == ("plaything", "toy")
    assert naming.names("ashcan") == ("ashcan", "trash can")
    assert naming.is_named("hood", "The exhaust hood is of steel.")


def test_a_file_of_the_name_of_a_shipped_one():
    naming = Naming(Vocabulary("ade20k", (("plaything",), ("cat",))))
    assert naming.names("plaything") == ("plaything",)


def test_a_file_whose_name_begins_like_a_benchmarks():
    own = Vocabulary("voc20_mine", load_vocabulary("voc20").classes[::-1])
    assert [word for word in own.words if len(Naming(own).names(word)) > 1] == []


def test_a_file_of_other_classes_that_are_as_many():
    shipped = load_vocabulary("ade20k")
    own = Vocabulary("ade20k", (*shipped.classes[1:], shipped.classes[0]))
    assert [word for word in own.words if len(Naming(own).names(word)) > 1] == []


def test_the_classes_that_are_the_shipped_ones_have_its_names():
    shipped = load_vocabulary("ade20k")
    k = shipped.class_names.index("hood")
    own = Vocabulary("ade20k", (("zorb",), *shipped.classes[1 : k + 1]))
    assert Naming(own).names("hood") == ("hood", "exhaust hood")
    assert Naming(own).names("zorb") == ("zorb",)


class TestOthers:
    @pytest.mark.parametrize(
        ("word", "sentence", "numbers"),
        [
            ("chair", "A chair stands at the dining table.", [0]),
            ("chair", "Chairs, tables and a bookshelf.", [0]),
            ("chair", "Chairs, tables and two book shelves.", [0, 4]),
            ("chair", "Under the traffic lights and a light.", [2, 3]),  # the longest name counts
            ("light", "A traffic light is no lamp.", []),  # it has the word in it
            ("wall", "A chair and a table before the wall.", [1, 0]),
            ("table", "The dining table is a table.", []),
        ],
    )
    def test_by_hand(self, word, sentence, numbers):
        assert [each.number for each in Naming(ROOM).others(word, sentence)] == numbers

    def test_where(self):
        (found,) = Naming(ROOM).others("chair", "A chair at the dining table.")
        assert (found.start, found.end) == (4, 6)

    def test_none_without_a_vocabulary(self):
        assert Naming().others("cat", "A dog, a cow and a horse.") == []


def test_tokens_and_stems():
    assert tokens_of("The cat's 2 Mice!") == ["the", "cat", "s", "2", "mice"]
    assert stems_of("mice mouse") == ("mous", "mous")
