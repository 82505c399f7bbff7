"""The text box: words, never paths; what is odd is said in plain words."""

import pytest

from freecp_d2.apps.web.messages import Problem
from freecp_d2.apps.web.words import MOST_WORDS, hint, read_words, words_as_text
from freecp_d2.text import load_vocabulary, shipped_vocabularies


@pytest.mark.parametrize(
    ("text", "classes"),
    [
        ("cat", (("cat",),)),
        ("cat, kitten; dog", (("cat", "kitten"), ("dog",))),
        ("cat\ndog;\n", (("cat",), ("dog",))),
        ("ade20k", (("ade20k",),)),
        ("/etc/passwd", (("/etc/passwd",),)),
        ("<b>;${1}; {{x}}", (("<b>",), ("${1}",), ("{{x}}",))),
    ],
)
def test_reading(text, classes):
    assert read_words(text).classes == classes


def test_a_file_of_that_name_is_not_opened(tmp_path, monkeypatch):
    (tmp_path / "secret.txt").write_text("password")
    monkeypatch.chdir(tmp_path)
    assert read_words("secret.txt").classes == (("secret.txt",),)
    assert "password" not in hint("./secret.txt")


@pytest.mark.parametrize("text", [None, "", "  \n", ";;", " , ; ,"])
def test_no_words(text):
    with pytest.raises(Problem, match=r"no words yet.*cat, kitten; dog"):
        read_words(text)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("; ".join(f"word{i}" for i in range(MOST_WORDS + 1)), "301 words.*up to 300"),
        ("cat; " * 5000, "25,000 letters.*up to 20,000"),
        ("x" * 3000, "3,000 letters.*semicolons"),
        ("background: a; background: b; c", "second `background:`"),
    ],
    ids=["too many", "too much", "too long", "two backgrounds"],
)
def test_what_makes_no_sense(text, message):
    with pytest.raises(Problem, match=message):
        read_words(text)


@pytest.mark.parametrize("name", shipped_vocabularies())
def test_shipped_words_survive_the_text_box(name):
    vocabulary = load_vocabulary(name)
    found = read_words(words_as_text(vocabulary))
    assert found.digest == vocabulary.digest


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("cat", "1 class."),
        ("cat, kitten; dog", "2 classes of 3 words."),
        ("background: sky, wall; cat", "1 class, 2 background words."),
        ("cat, dog, sofa", "for classes:"),
        ("cat; cat", "is a word of two classes"),
        ("", "There are no words yet"),
    ],
)
def test_hints(text, said):
    assert said in hint(text)


def test_hints_are_escaped_and_few():
    assert "<script" not in hint("<script>alert(1)</script>; <script>alert(1)</script>")
    assert (
        hint(
            "; ".join(["cat"] * 2 + ["dog"] * 2 + ["a"] * 2 + ["b"] * 2 + ["c"] * 2 + ["d"] * 2)
        ).count("<li>")
        <= 5
    )
