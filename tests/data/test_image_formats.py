"""Which files of a folder are images."""

import pytest

from freecp_d2.data.image_formats import IMAGE_SUFFIXES, looks_like_image


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        ("a.jpg", b"", True),
        ("a.JPEG", b"text", True),
        ("a.heic", b"", True),
        ("a.nef", b"", True),
        ("a.txt", b"text", False),
        ("a", b"\x89PNG\r\n\x1a\n", True),
        ("a.bak", b"\xff\xd8\xff\xe0", True),
        ("a.webp.1", b"RIFF\0\0\0\0WEBPVP8 ", True),
        ("a", b"", False),
        ("gone", None, False),
        ("gone.png", None, True),
    ],
)
def test_looks_like_image(tmp_path, name, content, expected):
    if content is not None:
        (tmp_path / name).write_bytes(content)
    assert looks_like_image(tmp_path / name) == expected


def test_animations_are_images():
    assert {".gif", ".webp", ".png"} <= IMAGE_SUFFIXES
