"""Pasted words are the words that were meant."""

import pytest

from freecp_d2.text import Vocabulary, load_vocabulary


def test_what_is_no_part_of_a_word_is_removed_and_reported():
    for text, classes in (
        ("sky\u200b; \u200bhill; she\u00adep; moon\u2060", "sky hill sheep moon"),
        ("sky\0; hi\u200ell; \u202asheep\u202c; ca\u200dt", "sky hill sheep cat"),
        ("1. sky; 2) hill; - sheep; * moon; \u2022 cat", "sky hill sheep moon cat"),
        ("0 sky\n1 hill\n2 sheep", "sky hill sheep"),
        ("id,name\n1,sky\n2,hill", "sky hill"),
        ("0\tsky\n1\thill", "sky hill"),
        ("\u201csky\u201d; \u2018hill\u2019; 'sheep'; \"moon\"", "sky hill sheep moon"),
        ('["sky", "hill"]', "sky hill"),
        ("['sky', 'hill']", "sky hill"),
        ("[sky]; [hill]", "sky hill"),
        ('[\n "sky",\n "hill"\n]\n', "sky hill"),
        ('{"1": "hill", "0": "sky"}', "sky hill"),
        ('{"hill": 1, "sky": 0}', "sky hill"),
    ):
        found = Vocabulary.from_string(text)
        assert found.classes == tuple((word,) for word in classes.split())
        assert found.issues


def test_synonyms_and_background_are_kept():
    quoted = Vocabulary.from_lines(['"cat", "kitten"', 'background: "sky", "road"'], "words")
    assert (quoted.classes, quoted.background) == ((("cat", "kitten"),), ("sky", "road"))
    assert load_vocabulary('[["cat", "kitten"], "dog"]').classes == (("cat", "kitten"), ("dog",))


def test_what_belongs_to_a_word_stays():
    words = [
        "\u0645\u06cc\u200c\u062e",
        "क्\u200dष",
        "👩\u200d🌾",
        "bird's nest",
        '17" monitor',
        "7 up",
    ]
    words += ["5 - 3", "-sheep", "c#", "3d printer"]
    found = Vocabulary.from_string("; ".join(words))
    assert list(found.class_names) == words
    assert not found.issues
    assert Vocabulary.from_string("2 wheeler; 3 piece suit").class_names[0] == "2 wheeler"


def test_a_list_is_a_vocabulary():
    found = load_vocabulary(["cat", ["dog", "puppy"], "background: sky"])
    assert found.classes == (("cat",), ("dog", "puppy"))
    assert found.background == ("sky",)
    for wrong in (["cat", ""], [[]], [3], []):
        with pytest.raises(ValueError, match=r"word|class"):
            load_vocabulary(wrong)
