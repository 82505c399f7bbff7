"""What a visitor gives: uploaded files become images, text becomes words, or there is a message."""

import functools
import os

import numpy as np
import pytest
from PIL import Image

from freecp_d2.apps.web import inputs
from freecp_d2.apps.web.inputs import (
    LONGEST_SIDE,
    MOST_WORDS,
    Problem,
    hint,
    read_words,
    words_as_text,
)
from freecp_d2.data.images.options import Reading
from freecp_d2.text import load_vocabulary, shipped_vocabularies

from ...helpers.png import png

TIMES = "\N{MULTIPLICATION SIGN}"


@pytest.fixture
def read_upload(tmp_path):
    return functools.partial(inputs.read_upload, folder=tmp_path, reading=Reading())


def noise(width, height):
    values = np.random.default_rng(0).integers(0, 256, (height, width, 3), dtype=np.uint8)
    return Image.fromarray(values)


def test_a_small_image_is_turned_upright_and_a_large_one_shrunk_with_a_note(read_upload, tmp_path):
    for payload in (None, {}, {"path": None}):
        assert read_upload(payload) is None
    image, exif = noise(40, 30), Image.Exif()
    exif[0x0112] = 6
    image.save(tmp_path / "small.png", exif=exif)
    found, note = read_upload({"path": str(tmp_path / "small.png")})
    assert np.array_equal(found, np.rot90(image, -1))
    assert note == ""
    noise(3 * LONGEST_SIDE, 30).save(tmp_path / "large.png")
    found, note = read_upload({"path": str(tmp_path / "large.png")})
    assert found.shape == (10, LONGEST_SIDE, 3)
    assert f"3,072 {TIMES} 30" in note
    assert f"1,024 {TIMES} 10" in note


def test_an_unreadable_file_has_its_original_name_in_the_message(read_upload, tmp_path):
    path = tmp_path / "0123456789.png"
    noise(200, 200).save(path)
    half = path.read_bytes()[:40_000]
    for content in (b"", b"not an image", half[:30], half):
        path.write_bytes(content)
        with pytest.raises(Problem, match=r"“holiday\.png” cannot be read as an image") as caught:
            read_upload({"path": str(path), "orig_name": "../../holiday.png"})
        assert str(tmp_path) not in str(caught.value)


def test_a_huge_image_is_refused_before_it_is_decoded(read_upload, tmp_path):
    path = tmp_path / "huge.png"
    path.write_bytes(png(12_000, 9_000))
    with pytest.raises(Problem, match=f"12,000 {TIMES} 9,000 pixels.*100 megapixels"):
        read_upload({"path": str(path), "orig_name": "huge.png"})


def test_files_outside_the_upload_folder_are_not_read(read_upload, tmp_path):
    """A browser can ask for any file of the server."""
    (tmp_path / "uploads").mkdir()
    noise(40, 30).save(tmp_path / "secret.png")
    (tmp_path / "uploads" / "link.png").symlink_to(tmp_path / "secret.png")
    os.mkfifo(tmp_path / "uploads" / "pipe.png")  # reading it would block
    for path in (
        tmp_path / "secret.png",
        tmp_path / "uploads" / ".." / "secret.png",
        tmp_path / "uploads" / "link.png",
        tmp_path / "uploads" / "pipe.png",
        tmp_path / "uploads",
        tmp_path / "uploads" / "gone.png",
        "a\0b",
        "x" * 5000,
    ):
        with pytest.raises(Problem, match="This file cannot be read"):
            read_upload({"path": str(path)}, folder=tmp_path / "uploads")


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
