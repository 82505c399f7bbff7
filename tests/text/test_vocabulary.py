"""The Vocabulary class: order of words, files, constructor, digest."""

import pytest

from freecp_d2.text import Vocabulary

LINES = ["# pets", "cat, kitten", "", "background: sky, wall ", "  dog  ", "cow,ox,  bull"]


def test_words_are_background_first_then_synonyms_in_class_order(log):
    vocabulary = Vocabulary.from_lines(LINES, "farm")
    assert vocabulary.name == "farm"
    assert vocabulary.classes == (("cat", "kitten"), ("dog",), ("cow", "ox", "bull"))
    assert vocabulary.background == ("sky", "wall")
    assert vocabulary.words == ("sky", "wall", "cat", "kitten", "dog", "cow", "ox", "bull")
    assert (vocabulary.num_background, vocabulary.num_classes) == (2, 3)
    assert vocabulary.class_names == ("cat", "dog", "cow")
    assert vocabulary.word_to_class == (0, 0, 1, 2, 2, 2)
    assert log.warnings == []


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le"])
def test_from_file_equals_from_lines(tmp_path, encoding):
    """In the encodings, with the new lines and trailing spaces of Windows, too."""
    path = tmp_path / "farm.txt"
    path.write_bytes(" \t\r\n".join([*LINES, "café"]).encode(encoding))
    for lines in ([*LINES, "café"], "\n".join([*LINES, "café"])):
        assert Vocabulary.from_file(str(path)) == Vocabulary.from_lines(lines, "farm")
    assert Vocabulary.from_lines(["\ufeffcat"], "v").class_names == ("cat",)


def test_text_that_is_not_utf8(tmp_path, log):
    path = tmp_path / "latin.txt"
    path.write_bytes("dog\ncafé".encode("latin-1"))
    with pytest.raises(ValueError, match=r"latin\.txt: .* 7 .*UTF-8"):
        Vocabulary.from_file(path)
    # Python decodes the argument `$'caf\xe9'` like this.
    with pytest.raises(ValueError, match=r"'caf\\udce9; dog; dog': .* 'caf\\udce9'") as error:
        Vocabulary.from_string("caf\udce9; dog; dog")
    assert str(error.value).isprintable()
    assert log.warnings == []
    with pytest.raises(ValueError, match=r"the word '\\ud83d'"):
        Vocabulary("v", (("cat",),), ("\ud83d",))
    assert Vocabulary.from_lines(["\U0001f431"], "v").class_names == ("\U0001f431",)


def test_missing_file_lists_the_folder(tmp_path):
    (tmp_path / "animals.txt").write_text("cat")
    (tmp_path / "empty").mkdir()
    for path, message in (
        ("animal.txt", r"animal\.txt: the folder .* has animals\.txt;"),
        ("nowhere/animals.txt", r"the folder .*nowhere does not exist"),
        ("empty/animals.txt", r"has no \.txt file"),
        ("", "it is a folder"),
    ):
        with pytest.raises(FileNotFoundError, match=message):
            Vocabulary.from_file(tmp_path / path)


def test_constructor_refuses():
    for classes, background, message in (
        ((), (), "got no class"),
        (((),), (), "a class without words"),
        ((("cat", " "),), (), "an empty word"),
        ((("cat",),), ("",), "an empty word"),
        (("cat", "dog"), (), "got a bare string"),
        ((("cat",),), "sky", "got a bare string"),
    ):
        with pytest.raises(ValueError, match=message):
            Vocabulary("v", classes, background)


def test_names_and_colors_for_legends():
    vocabulary = Vocabulary.from_lines(["diningtable, desk", "cat", "dining table"], "legend")
    assert vocabulary.display_names == ("dining table", "cat", "dining table (2)")
    assert vocabulary.class_names == ("diningtable", "cat", "dining table")
    assert len(set(vocabulary.colors)) == 3
    with_background = Vocabulary.from_lines(["background: sky", "background"], "legend")
    assert with_background.display_names == ("background (2)",)


def test_digest_is_content_and_order_not_name():
    digest = Vocabulary.from_lines(["cat, kitten", "dog"], "a").digest
    assert digest == Vocabulary.from_lines(["cat,kitten", "dog"], "b").digest
    assert digest == "9a2e661a03770df6ff1529b36c4afa932cc161215a93e6fbc2e6a89056a8f50b"
    others = (
        *("cat; kitten; dog", "kitten, cat; dog", "dog; cat, kitten", "cat kitten; dog"),
        "cat, kitten; dog; background: sky",
    )
    assert len({Vocabulary.from_string(text).digest for text in others} | {digest}) == 6


def test_equal_whatever_the_issues():
    clean, odd = Vocabulary.from_lines(["cat"], "v"), Vocabulary.from_lines(["cat, CAT"], "v")
    assert odd.issues
    assert (clean, hash(clean), clean.digest) == (odd, hash(odd), odd.digest)
