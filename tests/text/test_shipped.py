"""A shipped name wins over a file of that name; a path stays a path; anything else is nothing."""

from pathlib import Path

import pytest

from freecp_d2.text.shipped import find_shipped, shipped_names


@pytest.fixture
def folder(tmp_path, monkeypatch):
    folder = tmp_path / "shipped"
    folder.mkdir()
    for name in ("pets.txt", "birds.txt", "pets.json"):
        (folder / name).touch()
    monkeypatch.chdir(tmp_path)
    return folder


def test_names_are_sorted_and_of_one_kind(folder):
    assert shipped_names(folder, ".txt") == ("birds", "pets")


def test_a_shipped_name_wins(folder, tmp_path):
    (tmp_path / "pets").touch()
    assert find_shipped(folder, ".txt", "pets") == folder / "pets.txt"


def test_a_file_of_the_working_directory(folder, tmp_path):
    (tmp_path / "mine").touch()
    assert find_shipped(folder, ".txt", "mine") == Path("mine")


@pytest.mark.parametrize("path", ["absent.txt", "absent/pets"])
def test_what_can_only_be_a_path(folder, path):
    assert find_shipped(folder, ".txt", path) == Path(path)


def test_home(folder, monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))
    assert find_shipped(folder, ".txt", "~/words.txt") == tmp_path / "words.txt"


def test_nothing(folder):
    assert find_shipped(folder, ".txt", "pet") is None
