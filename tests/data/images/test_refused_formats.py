"""Which files of a folder are images."""

from freecp_d2.data.images.refused_formats import looks_like_image
from freecp_d2.utils.image_formats import IMAGE_SUFFIXES


def test_looks_like_image(tmp_path):
    """By the suffix, else by the first bytes."""
    assert {".gif", ".webp", ".png"} <= IMAGE_SUFFIXES
    for name in ("a.jpg", "a.JPEG", "a.heic", "a.nef"):
        assert looks_like_image(tmp_path / name), name
    for name, content, expected in (
        ("a.txt", b"text", False),
        ("a", b"\x89PNG\r\n\x1a\n", True),
        ("a.bak", b"\xff\xd8\xff\xe0", True),
        ("a.webp.1", b"RIFF\0\0\0\0WEBPVP8 ", True),
        ("empty", b"", False),
    ):
        (tmp_path / name).write_bytes(content)
        assert looks_like_image(tmp_path / name) == expected, name
    assert not looks_like_image(tmp_path / "gone")
