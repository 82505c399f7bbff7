"""What is mended or kept in the lines of a vocabulary, and said."""

from freecp_d2.text import Vocabulary


def test_word_twice_in_a_class_is_dropped_with_one_warning(log):
    vocabulary = Vocabulary.from_lines(["dog", "cat, kitten, Cat, cat,puss"], "pets")
    assert vocabulary.classes[1] == ("cat", "kitten", "puss")
    assert log.warnings == ["pets: line 2: dropped 'Cat', which is already in that line."]


def test_word_in_two_classes_is_kept_with_one_warning(log):
    vocabulary = Vocabulary.from_lines(["cat, pet", "dog, pet", "cow, pet"], "pets")
    assert vocabulary.words == ("cat", "pet", "dog", "pet", "cow", "pet")
    [warning] = log.warnings
    assert warning == "pets: 'pet' is a word of two classes, 'cat' and 'dog'; they share its score."


def test_word_that_is_class_and_background_is_kept_with_one_warning(log):
    vocabulary = Vocabulary.from_lines(["background: sky, bed", "cat", "cot, bed"], "rooms")
    assert vocabulary.words == ("sky", "bed", "cat", "cot", "bed")
    [warning] = log.warnings
    assert warning.startswith("rooms: 'bed' is a class ('cot') and a background word")


def test_all_that_is_odd_is_one_warning_and_said_once(log):
    lines = ["cat, Cat, kitten", "dog, pup, dog", "cow,, ox", "bg: sky", "a; b", "d, D", "e, E"]
    vocabulary = Vocabulary.from_lines(lines, "odd")
    again = Vocabulary.from_lines(lines, "odd")
    [warning] = log.warnings
    assert warning.startswith("odd: line 1: dropped 'Cat', which is already in that line; line 2:")
    assert warning.endswith("; and 2 more, which `python -m freecp_d2.words check` lists.")
    assert [finding.where for finding in vocabulary.findings] == [f"line {n}" for n in range(1, 8)]
    texts = [finding.text for finding in vocabulary.findings]
    assert texts[2] == "dropped an empty word between two commas"
    assert texts[3].startswith("'bg:' is read as part of a word; background words follow")
    assert texts[4] == "`;` is read as part of a word; in a file each class has its own line"
    assert again.findings == vocabulary.findings
    Vocabulary.from_lines(lines, "other")
    assert len(log.warnings) == 2


def test_line_of_commas_is_no_class():
    vocabulary = Vocabulary.from_lines(["cat", " , ,", "dog"], "v")
    assert vocabulary.class_names == ("cat", "dog")
    [finding] = vocabulary.findings
    assert str(finding) == "line 2: no word between the commas; it is no class"


def test_separators_of_other_scripts_in_a_file():
    vocabulary = Vocabulary.from_lines(["猫、犬\uff0c鳥", "قطة، كلب", "background\uff1a空"], "v")
    assert vocabulary.classes == (("猫", "犬", "鳥"), ("قطة", "كلب"))
    assert vocabulary.background == ("空",)
    assert vocabulary.findings == ()
    [finding] = Vocabulary.from_lines(["猫\uff1b犬"], "w").findings
    assert finding.text.startswith("`\uff1b` is read as part of a word")


def test_two_ways_to_write_an_accent_are_one_word():
    vocabulary = Vocabulary.from_lines(["caf\u00e9, cafe\u0301"], "accents")
    assert vocabulary.words == ("caf\u00e9",)


def test_findings_take_no_part_in_equality():
    clean, odd = Vocabulary.from_lines(["cat"], "v"), Vocabulary.from_lines(["cat, CAT"], "v")
    assert odd.findings
    assert (clean, hash(clean), clean.digest) == (odd, hash(odd), odd.digest)


def test_empty_parts_of_a_long_string():
    """Each of them looked through the whole string, which made these take twelve seconds."""
    vocabulary = Vocabulary.from_string(";" * 200_000 + "a" * 5_000_000)
    assert len(vocabulary.findings) == 200_000
