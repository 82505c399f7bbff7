"""What a file is, by name and first bytes."""

import gzip
from pathlib import Path

import pytest

from freecp_d2.apps.segment.kinds import VIDEOS, looks_like_image, refusal, refused_format

from .odd_bad import encoded


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        ("a.jpg", b"", True),
        ("a.JPEG", b"text", True),
        ("a.heic", b"", True),
        ("a.nef", b"", True),
        ("a.txt", b"text", False),
        ("a.json", b"{}", False),
        ("a", encoded("PNG"), True),
        ("a.bak", encoded("JPEG"), True),
        ("a.webp.1", encoded("WEBP"), True),
        ("a", b"", False),
        ("gone", None, False),
        ("gone.png", None, True),
    ],
)
def test_looks_like_image(tmp_path, name, content, expected):
    if content is not None:
        (tmp_path / name).write_bytes(content)
    assert looks_like_image(tmp_path / name) == expected


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("a.jpg", b"", "empty"),
        ("a.jpg", b"%PDF-1.7", "PDF"),
        ("a.jpg", b"%!PS-Adobe", "PostScript"),
        ("a.jpg", b'<?xml version="1.0"?>\n<SVG xmlns="">', "SVG"),
        ("a.jpg", b"\0\0\0\x18ftypheic", "HEIC"),
        ("a.jpg", b"\0\0\0\x18ftypisom", "--video-input"),
        ("a.svgz", gzip.compress(b"<svg/>", mtime=0), "SVG"),
        ("a.cr3", b"\0\0\0\x18....", "camera raw"),
    ],
)
def test_refusals_say_what_to_do(tmp_path, name, content, said):
    (tmp_path / name).write_bytes(content)
    assert said in refusal(tmp_path / name)


def test_nothing_is_known_of_other_files(tmp_path):
    (tmp_path / "a.jpg").write_bytes(b"text")
    assert refusal(tmp_path / "a.jpg") == refusal(tmp_path / "gone.jpg") == ""


def test_formats_that_pillow_reads_and_we_do_not():
    assert "PostScript" in refused_format(Path("a.jpg"), "EPS")
    assert "camera raw" in refused_format(Path("a.NEF"), "TIFF")
    assert refused_format(Path("a.tif"), "TIFF") == ""


def test_an_image_is_no_video():
    assert not {".gif", ".webp", ".png"} & VIDEOS
