"""The vocabulary file format: order, synonyms, background, and every message."""

from dataclasses import FrozenInstanceError

import pytest

from freecp_d2.text import Vocabulary

LINES = ["# pets", "cat, kitten", "", "background: sky, wall ", "  dog  ", "cow,ox,  bull"]


def test_words_are_background_first_then_synonyms_in_class_order():
    vocabulary = Vocabulary.from_lines(LINES, "farm")
    assert vocabulary.name == "farm"
    assert vocabulary.classes == (("cat", "kitten"), ("dog",), ("cow", "ox", "bull"))
    assert vocabulary.background == ("sky", "wall")
    assert vocabulary.words == ("sky", "wall", "cat", "kitten", "dog", "cow", "ox", "bull")
    assert (vocabulary.num_background, vocabulary.num_classes) == (2, 3)
    assert vocabulary.class_names == ("cat", "dog", "cow")
    assert vocabulary.word_to_class == (0, 0, 1, 2, 2, 2)
    assert len(vocabulary.word_to_class) == len(vocabulary.words) - vocabulary.num_background


def test_file_equals_lines(tmp_path):
    path = tmp_path / "farm.txt"
    path.write_text("\n".join(LINES), encoding="utf-8")
    assert Vocabulary.from_file(path) == Vocabulary.from_lines(LINES, "farm")
    assert Vocabulary.from_file(str(path)).name == "farm"


def test_bom_crlf_and_trailing_spaces_change_nothing(tmp_path):
    plain, windows = tmp_path / "plain.txt", tmp_path / "windows.txt"
    plain.write_bytes("café, crème\ndog\n".encode())
    windows.write_bytes("\ufeffcafé , crème  \r\ndog \t\r\n\r\n".encode())
    assert Vocabulary.from_file(windows).classes == (("café", "crème"), ("dog",))
    assert Vocabulary.from_file(windows).digest == Vocabulary.from_file(plain).digest
    assert Vocabulary.from_lines(["\ufeffcat"], "v").class_names == ("cat",)


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("cat  # pets", ("cat",)),
        ("c#, f#", ("c#", "f#")),
        ("cat,,kitten,", ("cat", "kitten")),
        ("chest of drawers", ("chest of drawers",)),
        ("background", ("background",)),  # the class of that name, not the reserved line
    ],
)
def test_one_class_line(line, words):
    assert Vocabulary.from_lines([line], "v") == Vocabulary("v", (words,))


@pytest.mark.parametrize("line", ["background:sky", "Background: sky", "BACKGROUND : sky # far"])
def test_reserved_line(line):
    assert Vocabulary.from_lines([line, "cat"], "v").background == ("sky",)


def test_a_string_is_split_into_lines():
    assert Vocabulary.from_lines("cat\ndog", "v").class_names == ("cat", "dog")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", r"words\.txt: got no class, expected at least one"),
        ("# only\n\nbackground: sky", r"words\.txt: got no class"),
        (", ,\n", r"words\.txt: got no class"),
        ("cat\nbackground:\n", r"words\.txt, line 2: got no word after `background:`, expected"),
        ("cat\nbackground: ,\n", r"words\.txt, line 2: got no word after `background:`"),
        (
            "background: sky\ncat\nbackground: wall",
            r"words\.txt, line 3: got a second `background:` line \(the first is line 1\)",
        ),
    ],
)
def test_format_errors_name_file_and_line(tmp_path, content, message):
    path = tmp_path / "words.txt"
    path.write_text(content)
    with pytest.raises(ValueError, match=message):
        Vocabulary.from_file(path)
    with pytest.raises(ValueError, match=message.replace(r"words\.txt", "mine")):
        Vocabulary.from_lines(content.splitlines(), "mine")


def test_file_that_is_not_utf8(tmp_path):
    path = tmp_path / "latin.txt"
    path.write_bytes("dog\ncafé".encode("latin-1"))
    with pytest.raises(ValueError, match=r"latin\.txt: got a byte that is not UTF-8 at offset 7"):
        Vocabulary.from_file(path)


def test_half_a_character_is_refused(log):
    """What Python makes of `$'caf\\xe9'` on a command line; no library can encode it."""
    message = (
        r"'caf\\udce9; dog; dog': got the word 'caf\\udce9', which is not UTF-8, .* UTF-8 terminal"
    )
    with pytest.raises(ValueError, match=message) as error:
        Vocabulary.from_string("caf\udce9; dog; dog")
    assert str(error.value).isprintable()
    assert log.records == []
    with pytest.raises(ValueError, match=r"the word '\\ud83d'"):
        Vocabulary("v", (("cat",),), ("\ud83d",))
    assert Vocabulary.from_lines(["\U0001f431"], "v").class_names == ("\U0001f431",)


def test_line_that_is_no_string():
    with pytest.raises(ValueError, match=r"v, line 2: got \['cat', 'kitten'\], expected a string"):
        Vocabulary.from_lines(["dog", ["cat", "kitten"]], "v")


def test_missing_file_says_what_is_there(tmp_path):
    (tmp_path / "animals.txt").write_text("cat")
    with pytest.raises(FileNotFoundError, match=r"animal\.txt: the folder .* has animals\.txt;"):
        Vocabulary.from_file(tmp_path / "animal.txt")
    with pytest.raises(FileNotFoundError, match=r"the folder .*nowhere does not exist"):
        Vocabulary.from_file(tmp_path / "nowhere" / "animals.txt")
    with pytest.raises(FileNotFoundError, match="it is a folder, expected a text file"):
        Vocabulary.from_file(tmp_path)
    (tmp_path / "empty").mkdir()
    with pytest.raises(FileNotFoundError, match=r"has no \.txt file"):
        Vocabulary.from_file(tmp_path / "empty" / "animals.txt")


@pytest.mark.parametrize(
    ("classes", "background", "message"),
    [
        ((), (), "got no class"),
        (((),), (), "a class without words"),
        ((("cat", " "),), (), "an empty word"),
        ((("cat",),), ("",), "an empty word"),
        (("cat", "dog"), (), "got a bare string"),
        ((("cat",),), "sky", "got a bare string"),
    ],
)
def test_constructor_refuses(classes, background, message):
    with pytest.raises(ValueError, match=message):
        Vocabulary("v", classes, background)


class TestFromString:
    @pytest.mark.parametrize(
        ("text", "classes", "background"),
        [
            (
                "cat, kitten; dog; remote control",
                (("cat", "kitten"), ("dog",), ("remote control",)),
                (),
            ),
            ("cat;", (("cat",),), ()),
            (" cat ,kitten, ;  dog ;", (("cat", "kitten"), ("dog",)), ()),
            ("cat; background: sky, wall ; dog", (("cat",), ("dog",)), ("sky", "wall")),
            ("Background : sky; cat", (("cat",),), ("sky",)),
            ("cat\ndog, pup\n", (("cat",), ("dog", "pup")), ()),
            ("cat;\r\n\r\ndog;", (("cat",), ("dog",)), ()),
            ("c #; # 1", (("c #",), ("# 1",)), ()),  # no comments
            ("\U0001f431; قطة, كلب; 猫", (("\U0001f431",), ("قطة", "كلب"), ("猫",)), ()),
            ("قطة، كلب؛ شجرة", (("قطة", "كلب"), ("شجرة",)), ()),
            ("猫\uff1b犬\uff1b鳥", (("猫",), ("犬",), ("鳥",)), ()),
            ("猫、犬; 鳥\uff0c雀", (("猫", "犬"), ("鳥", "雀")), ()),
            ("猫\uff1bbackground\uff1a空、海", (("猫",),), ("空", "海")),
        ],
    )
    def test_by_hand(self, text, classes, background, log):
        vocabulary = Vocabulary.from_string(text)
        assert (vocabulary.classes, vocabulary.background) == (classes, background)
        assert vocabulary.findings == ()
        assert log.records == []

    def test_the_file_that_says_the_same(self):
        lines = ["cat, kitten", "dog", "background: sky"]
        assert Vocabulary.from_string("; ".join(lines), "v") == Vocabulary.from_lines(lines, "v")

    def test_its_name_is_the_beginning(self):
        assert Vocabulary.from_string(" cat;  dog").name == "cat; dog"
        long = Vocabulary.from_string("; ".join(f"word {i}" for i in range(100))).name
        assert long.startswith("word 0; word 1;")
        assert long.endswith("...")
        assert len(long) <= 40

    @pytest.mark.parametrize(
        ("text", "finding"),
        [
            ("cat;; dog", "part 2: empty; it is no class"),
            ("; cat", "part 1: empty; it is no class"),
            ("猫\uff1b\uff1b犬", "part 2: empty; it is no class"),
            ("cat; , ;dog", "part 2: no word between the commas; it is no class"),
            ("cat、, dog; cow", "part 1: dropped an empty word between two commas"),
            ("cat; dog, dog", "part 2: dropped 'dog', which is already in that part"),
            ("cat, dog, cow", '3 words of one class; for classes: "cat; dog; cow"'),
            ("cat; dog; Cat", "'Cat' is a word of two classes, 'cat' and 'Cat'; they share its"),
            ("cat; background: sky, cat", "'cat' is a class ('cat') and a background word"),
        ],
    )
    def test_what_is_odd(self, text, finding, log):
        [found] = Vocabulary.from_string(text).findings
        assert str(found).startswith(finding)
        [warning] = log.warnings
        assert finding in warning

    @pytest.mark.parametrize(
        ("text", "message"),
        [
            (";", r'";": got no class, expected at least one; write "cat, kitten; dog"'),
            ("cat;background:,", r"part 2: got no word after `background:`.*or delete the part"),
            ("background: sky, wall", "got no class"),
            ("background:a;cat;background:b", r"part 3: got a second `background:` part \(the f"),
        ],
    )
    def test_errors_name_the_part(self, text, message):
        with pytest.raises(ValueError, match=message):
            Vocabulary.from_string(text)


def test_names_and_colors_for_legends():
    vocabulary = Vocabulary.from_lines(["diningtable, desk", "cat", "dining table"], "legend")
    assert vocabulary.display_names == ("dining table", "cat", "dining table (2)")
    assert vocabulary.class_names == ("diningtable", "cat", "dining table")
    assert len(set(vocabulary.colors)) == 3


def test_no_warning_without_cause(log):
    Vocabulary.from_lines(LINES, "farm")
    assert log.records == []


def test_digest_is_content_and_order_not_name():
    digest = Vocabulary.from_lines(["cat, kitten", "dog"], "a").digest
    assert len(digest) == 64
    assert digest == Vocabulary.from_lines(["cat,kitten", "dog"], "b").digest
    others = (
        ["cat", "kitten", "dog"],
        ["kitten, cat", "dog"],
        ["dog", "cat, kitten"],
        ["cat, kitten", "dog", "background: sky"],
        ["cat kitten", "dog"],
    )
    assert len({Vocabulary.from_lines(lines, "a").digest for lines in others} | {digest}) == 6


def test_frozen_and_hashable():
    vocabulary = Vocabulary("v", (("cat",),))
    with pytest.raises(FrozenInstanceError):
        vocabulary.name = "w"  # type: ignore[misc]
    assert hash(vocabulary) == hash(Vocabulary("v", (("cat",),)))
