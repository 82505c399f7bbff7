"""The text box: words, never paths; problems and hints."""

import pytest

from freecp_d2.apps.web.inputs import MOST_WORDS, Problem, hint, read_words, words_as_text
from freecp_d2.text import load_vocabulary, shipped_vocabularies


def test_reading():
    for text, classes in (
        ("cat", (("cat",),)),
        ("cat, kitten; dog", (("cat", "kitten"), ("dog",))),
        ("cat\ndog;\n", (("cat",), ("dog",))),
        ("ade20k", (("ade20k",),)),
        ("/etc/passwd", (("/etc/passwd",),)),
        ("<b>;${1}; {{x}}", (("<b>",), ("${1}",), ("{{x}}",))),
    ):
        assert read_words(text).classes == classes


def test_a_file_of_that_name_is_not_opened(tmp_path, monkeypatch):
    (tmp_path / "secret.txt").write_text("password")
    monkeypatch.chdir(tmp_path)
    assert read_words("secret.txt").classes == (("secret.txt",),)
    assert "password" not in hint("./secret.txt")


def test_problems():
    for text in (None, "", "  \n", ";;", " , ; ,"):
        with pytest.raises(Problem, match="no words yet"):
            read_words(text)
    for text, facts in (
        ("; ".join(f"word{i}" for i in range(MOST_WORDS + 1)), "301 words.*300"),
        ("cat; " * 5000, "25,000 letters.*20,000"),
        ("x" * 3000, "3,000 letters.*2,000.*semicolons"),
        ("background: a; background: b; c", "`background:`"),
    ):
        with pytest.raises(Problem, match=facts):
            read_words(text)


def test_shipped_words_survive_the_text_box():
    for name in shipped_vocabularies():
        vocabulary = load_vocabulary(name)
        assert read_words(words_as_text(vocabulary)).digest == vocabulary.digest, name


def test_hints():
    for text, fact in (
        ("cat", "1 class."),
        ("cat, kitten; dog", "2 classes of 3 words."),
        ("background: sky, wall; cat", "1 class, 2 background words."),
        ("cat, dog, sofa", "classes"),
        ("cat; cat", "two classes"),
        ("", "no words yet"),
    ):
        assert fact in hint(text), text
    assert "<script" not in hint("<script>alert(1)</script>; <script>alert(1)</script>")
    twice = "; ".join([*"abcdef", *"abcdef"])
    assert 4 < hint(twice).count("<li>") <= 5
