"""The format of vocabularies and of pasted words: what is read, reported and refused."""

import pytest

from freecp_d2.text import Vocabulary, load_vocabulary


def test_lines_of_a_file():
    for line, words in (
        ("cat  # pets", ("cat",)),
        ("c#, f#", ("c#", "f#")),
        ("cat,,kitten,", ("cat", "kitten")),
        ("chest of drawers", ("chest of drawers",)),
        ("background", ("background",)),  # a class, not the reserved line
        ("猫、犬\uff0c鳥", ("猫", "犬", "鳥")),
        ("قطة، كلب", ("قطة", "كلب")),
        ("caf\u00e9, cafe\u0301", ("caf\u00e9",)),  # two ways to write one word
    ):
        assert Vocabulary.from_lines([line], "v").classes == (words,), line
    for line in ("background:sky", "Background: sky", "BACKGROUND : sky # far"):
        assert Vocabulary.from_lines([line, "cat"], "v").background == ("sky",)
    assert Vocabulary.from_lines(["猫", "background\uff1a空"], "v").background == ("空",)


def test_errors_of_a_file_name_file_and_line(tmp_path):
    path = tmp_path / "words.txt"
    for content, message in (
        ("", r"words\.txt: got no class"),
        ("# only\n\nbackground: sky", r"words\.txt: got no class"),
        (", ,\n", r"words\.txt: got no class"),
        ("cat\nbackground:\n", r"words\.txt, line 2: got no word after `background:`"),
        ("cat\nbackground: ,\n", r"words\.txt, line 2: got no word after `background:`"),
        (
            "background: sky\ncat\nbackground: wall",
            r"words\.txt, line 3: got a second `background:` line \(the first is line 1\)",
        ),
    ):
        path.write_text(content)
        with pytest.raises(ValueError, match=message):
            Vocabulary.from_file(path)
    with pytest.raises(ValueError, match=r"v, line 2: got \['cat', 'kitten'\]"):
        Vocabulary.from_lines(["dog", ["cat", "kitten"]], "v")


def test_issues_of_lines(log):
    lines = ["cat, Cat, kitten", "dog, pup, dog", "cow,, ox", "bg: sky", "a; b", "d\uff1be", ", ,"]
    vocabulary = Vocabulary.from_lines(lines, "odd")
    assert vocabulary.classes[:3] == (("cat", "kitten"), ("dog", "pup"), ("cow", "ox"))
    assert [issue.where for issue in vocabulary.issues] == [f"line {n}" for n in range(1, 8)]
    facts = ["'Cat'", "'dog'", "empty word", "'bg:'", "`;`", "`\uff1b`", "no class"]
    for issue, fact in zip(vocabulary.issues, facts, strict=True):
        assert fact in issue.text
    for name in ("odd", "other"):
        Vocabulary.from_lines(lines, name)  # reported once under each name
    warning, other = log.warnings
    assert warning.startswith("odd: line 1: ")
    assert "and 2 more, which `freecp words check` lists" in warning
    assert other.startswith("other: ")


def test_word_of_two_groups_is_kept_and_reported(log):
    vocabulary = Vocabulary.from_lines(["cat, pet", "dog, pet", "cow, pet"], "pets")
    assert vocabulary.words == ("cat", "pet", "dog", "pet", "cow", "pet")
    vocabulary = Vocabulary.from_lines(["background: sky, bed", "cat", "cot, bed"], "rooms")
    assert vocabulary.words == ("sky", "bed", "cat", "cot", "bed")
    two_classes, background = log.warnings
    assert two_classes.startswith("pets: 'pet' is a word of two classes, 'cat' and 'dog';")
    assert background.startswith("rooms: 'bed' is a class ('cot') and a background word")
    [issue] = Vocabulary.from_lines(["cat", "cat"], "one name").issues
    assert "of one name" in issue.text


def test_strings(log):
    for text, classes, background in (
        ("cat, kitten; dog; remote control", ("cat, kitten", "dog", "remote control"), ""),
        ("cat;", ("cat",), ""),
        (" cat ,kitten, ;  dog ;", ("cat, kitten", "dog"), ""),
        ("cat; background: sky, wall ; dog", ("cat", "dog"), "sky, wall"),
        ("Background : sky; cat", ("cat",), "sky"),
        ("cat\ndog, pup\n", ("cat", "dog, pup"), ""),
        ("cat;\r\n\r\ndog;", ("cat", "dog"), ""),
        ("c #; # 1", ("c #", "# 1"), ""),  # no comments
        ("\U0001f431; قطة, كلب; 猫", ("\U0001f431", "قطة, كلب", "猫"), ""),
        ("قطة، كلب؛ شجرة", ("قطة, كلب", "شجرة"), ""),
        ("猫、犬; 鳥\uff0c雀\uff1b魚", ("猫, 犬", "鳥, 雀", "魚"), ""),
        ("猫\uff1bbackground\uff1a空、海", ("猫",), "空, 海"),
    ):
        vocabulary = Vocabulary.from_string(text)
        assert tuple(map(", ".join, vocabulary.classes)) == classes
        assert ", ".join(vocabulary.background) == background
        assert vocabulary.issues == ()
    assert log.warnings == []


def test_name_of_a_string_is_its_beginning():
    assert Vocabulary.from_string(" cat;  dog").name == "cat; dog"
    assert Vocabulary.from_string("cat; dog", "mine").name == "mine"
    long = Vocabulary.from_string("; ".join(f"word {i}" for i in range(100))).name
    assert long == "word 0; word 1; word 2; word 3; word..."


def test_issues_of_strings(log):
    for text, where, fact in (
        ("cat;; dog", "part 2", "empty"),
        ("; cat", "part 1", "empty"),
        ("猫\uff1b\uff1b犬", "part 2", "empty"),
        ("cat; , ;dog", "part 2", "no word between the commas"),
        ("cat、, dog; cow", "part 1", "an empty word"),
        ("cat; dog, dog", "part 2", "'dog'"),
        ("cat, dog, cow", "", '3 words of one class; for classes: "cat; dog; cow"'),
        ("cat; dog; Cat", "", "'Cat' is a word of two classes, 'cat' and 'Cat'"),
        ("cat; background: sky, cat", "", "'cat' is a class ('cat') and a background word"),
    ):
        log.warnings.clear()
        [issue] = Vocabulary.from_string(text).issues
        assert issue.where == where
        assert fact in issue.text
        [warning] = log.warnings
        assert str(issue) in warning


def test_errors_of_a_string_name_the_part():
    for text, message in (
        (";", r'";": got no class'),
        ("cat;background:,", r"part 2: got no word after `background:`.*delete the part"),
        ("background: sky, wall", "got no class"),
        ("background:a;cat;background:b", r"part 3: got a second .* \(the first is part 1\)"),
    ):
        with pytest.raises(ValueError, match=message):
            Vocabulary.from_string(text)


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
    (issue,) = Vocabulary.from_string("sky; she\u00adep").issues
    assert str(issue) == r"part 2: 'she\xadep' is read as 'sheep'"
    many = ", ".join(f"café {i}" for i in range(40))
    (issue,) = Vocabulary.from_string(f"sky; {many}, cat\u200b").issues
    assert r"caf\xe9 39, cat\u200b' is read as " in str(issue)
    assert str(issue).endswith("café 39, cat'")


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
