"""Folders with links, other spellings of endings, and list files as they occur."""

import logging

import pytest

from freecp_d2.data.file_lists import list_files, read_list


@pytest.fixture
def folder(tmp_path):
    for name in ("a/1.jpg", "a/2.jpg", "a/._2.jpg", "b/3.jpg"):
        path = tmp_path / "images" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    return tmp_path / "images"


def test_links_that_lead_back_are_named(folder, caplog):
    (folder / "loop").symlink_to(folder)
    (folder / "b/up").symlink_to(folder.parent)
    (folder / "again").symlink_to(folder / "a")
    (folder / "self").symlink_to(folder / "self")
    (folder / "self").unlink()
    with caplog.at_level(logging.WARNING):
        assert sorted(list_files(str(folder), ".jpg")) == ["a/1", "a/2", "b/3"]
    for name in ("loop", "up", "again"):
        assert name in caplog.text


def test_links_to_other_folders_are_followed(folder, tmp_path):
    other = tmp_path / "disk"
    (other / "deep").mkdir(parents=True)
    (other / "deep/4.jpg").touch()
    (folder / "more").symlink_to(other)
    assert sorted(list_files(str(folder), ".jpg"))[-1] == "more/deep/4"
    linked = tmp_path / "link"
    linked.symlink_to(folder)
    assert len(list_files(str(linked), ".jpg")) == 4


@pytest.mark.parametrize("name", ["4.jpg", "more", "self.jpg"])
def test_links_that_lead_nowhere_are_named(folder, name):
    (folder / name).symlink_to(folder / name if "self" in name else "/absent")
    with pytest.raises(FileNotFoundError, match=rf"{name} is a link to /.*where nothing is"):
        list_files(str(folder), ".jpg")
    (folder / name).rename(folder / "readme.txt")
    list_files(str(folder), ".jpg")


def test_other_spellings_of_an_ending(folder):
    for name in ("4.JPG", "5.jpeg", "6.Jpeg", "7.png"):
        (folder / name).touch()
    assert sorted(list_files(str(folder), ".jpg")) == ["4", "5", "6", "a/1", "a/2", "b/3"]
    (folder / "4.jpg").touch()
    with pytest.raises(ValueError, match=r"4\.JPG and .*4\.jpg have the same name"):
        list_files(str(folder), ".jpg")


def test_lists_of_other_editors(tmp_path):
    for encoding in ("utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"):
        (tmp_path / "val.txt").write_bytes("2007_000033\r\n2007_000042\r\n".encode(encoding))
        known = {"2007_000033", "2007_000042"}
        assert read_list(tmp_path / "val.txt", known) == ["2007_000033", "2007_000042"]


def test_lines_of_lists(tmp_path):
    known = {"x/a", "b", "my cat"}
    for line, expected in (
        ("x/a", "x/a"),
        ("x/a.jpg", "x/a"),
        ("/data/JPEGImages/b.jpg /data/SegmentationClass/b.png", "b"),
        ("b.jpg,b.png", "b"),
        ("b  1", "b"),
        ("./b", "b"),
        ("images\\b.png", "b"),
        ("my cat.png", "my cat"),
        ("'b'", "b"),
        ('"x/a.jpg", "x/a.png"', "x/a"),
        ("absent.jpg", "absent.jpg"),
    ):
        (tmp_path / "val.txt").write_text(f"# a comment\n\n{line}\n{line}\n")
        assert read_list(tmp_path / "val.txt", known) == [expected], line


def test_an_empty_list_is_named(tmp_path):
    for content in (b"", b"\n \n", b"\xef\xbb\xbf"):
        (tmp_path / "val.txt").write_bytes(content)
        with pytest.raises(ValueError, match=r"val\.txt is empty, expected one name a line"):
            read_list(tmp_path / "val.txt", {"a"})
    (tmp_path / "val.txt").write_bytes(b"img1\0img2\0")  # of find -print0
    with pytest.raises(ValueError, match=r"val\.txt has zero bytes, expected text"):
        read_list(tmp_path / "val.txt", {"a"})
    (tmp_path / "val.txt").write_bytes(b"caf\xe9\n")
    with pytest.raises(ValueError, match=r"val\.txt: the byte at 3 .*save the file as UTF-8"):
        read_list(tmp_path / "val.txt", {"a"})
