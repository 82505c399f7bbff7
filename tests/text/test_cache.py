"""The disk cache: content keys, atomic files, damage, and folders that cannot be written."""

import multiprocessing
import os
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from freecp_d2.text import FeatureCache, default_cache_dir, features_key
from freecp_d2.text import cache as cache_module

KEY = features_key("weights", [["a cat", "the cat"], ["a dog"]])


def matrix(seed: int = 0) -> torch.Tensor:
    return torch.randn(2, 3, generator=torch.Generator().manual_seed(seed))


def never() -> torch.Tensor:
    raise AssertionError("computed although it is cached")


def test_computes_once(tmp_path):
    cache = FeatureCache(tmp_path / "new" / "folder")
    assert cache.get_or_compute(KEY, 2, matrix).equal(matrix())
    assert FeatureCache(tmp_path / "new" / "folder").get_or_compute(KEY, 2, never).equal(matrix())
    assert os.listdir(cache.cache_dir) == [f"{KEY}.safetensors"]  # nothing is left aside


def test_stores_float32_that_outlives_the_file(tmp_path):
    cache = FeatureCache(tmp_path)
    features = cache.get_or_compute(KEY, 2, lambda: matrix().half().requires_grad_())
    loaded = cache.get_or_compute(KEY, 2, never)
    cache.path(KEY).write_bytes(b"")
    assert loaded.dtype == features.dtype == torch.float32
    assert loaded.equal(matrix().half().float())
    assert not loaded.requires_grad


def test_key_is_weights_rows_and_format(monkeypatch):
    rows = [["a cat", "the cat"], ["a dog"]]
    keys = {
        KEY,
        features_key("other weights", rows),
        features_key("weights", rows[::-1]),
        features_key("weights", [["a cat"], ["the cat", "a dog"]]),
        features_key("weights", [["a cat", "the cat", "a dog"]]),
        features_key("weights", [["a cat", "the cow"], ["a dog"]]),
    }
    monkeypatch.setattr(cache_module, "FORMAT_VERSION", -1)
    keys.add(features_key("weights", rows))
    assert len(keys) == 7
    monkeypatch.undo()
    assert features_key("weights", tuple(map(tuple, rows))) == KEY


def truncate(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-4])


def flip_a_bit(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)


def other_key(path: Path) -> None:
    cache = FeatureCache(path.parent / "other")
    cache.get_or_compute("other", 2, lambda: matrix(seed=1))
    path.write_bytes(cache.path("other").read_bytes())


def other_shape(path: Path) -> None:
    path.unlink()
    FeatureCache(path.parent).get_or_compute(KEY, 5, lambda: torch.ones(5, 3))


def a_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


DAMAGES = {
    "empty": (lambda path: path.write_bytes(b""), "Cannot read"),
    "not safetensors": (lambda path: path.write_bytes(b"hello, world" * 9), "Cannot read"),
    "truncated": (truncate, "Cannot read"),
    "no such tensor": (lambda path: save_file({"x": matrix()}, path), "Cannot read"),
    "bit flip": (flip_a_bit, "its checksum is wrong"),
    "no metadata": (lambda path: save_file({"features": matrix()}, path), "its checksum is wrong"),
    "other key": (other_key, "its checksum is wrong"),
    "other shape": (other_shape, r"got shape (5, 3), expected (2, D)"),
}


@pytest.mark.parametrize("name", DAMAGES)
def test_damaged_file_is_computed_again_with_a_warning(tmp_path, log, name):
    damage, message = DAMAGES[name]
    cache = FeatureCache(tmp_path)
    cache.get_or_compute(KEY, 2, matrix)
    damage(cache.path(KEY))
    assert cache.get_or_compute(KEY, 2, matrix).equal(matrix())
    [warning] = log.warnings
    assert message in warning
    assert str(cache.path(KEY)) in warning
    assert cache.get_or_compute(KEY, 2, never).equal(matrix())  # the file is whole again


def test_unreadable_and_unwritable_is_a_warning_each(tmp_path, log):
    cache = FeatureCache(tmp_path)
    cache.get_or_compute(KEY, 2, matrix)
    a_folder(cache.path(KEY))
    assert cache.get_or_compute(KEY, 2, matrix).equal(matrix())
    read, write = log.warnings
    assert "Cannot read" in read
    assert "Cannot store" in write
    assert os.listdir(tmp_path) == [cache.path(KEY).name]


def test_folder_that_cannot_be_made(tmp_path, log):
    (tmp_path / "file").write_text("in the way")
    cache = FeatureCache(tmp_path / "file" / "cache")
    assert cache.get_or_compute(KEY, 2, matrix).equal(matrix())
    assert "Set FREECP_CACHE to a folder you can write to." in log.warnings[-1]


def test_read_only_folder(tmp_path, log, monkeypatch):
    def refuse(*_):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "replace", refuse)
    assert FeatureCache(tmp_path).get_or_compute(KEY, 2, matrix).equal(matrix())
    [warning] = log.warnings
    assert "Permission denied" in warning
    assert os.listdir(tmp_path) == []  # the file aside is gone


def test_what_compute_raises_is_not_swallowed(tmp_path):
    with pytest.raises(AssertionError, match="computed although"):
        FeatureCache(tmp_path).get_or_compute(KEY, 2, never)
    assert os.listdir(tmp_path) == []


def _write_many(folder: str, barrier) -> None:
    cache = FeatureCache(folder)
    big = torch.arange(200_000, dtype=torch.float32).reshape(2, -1)
    barrier.wait(30)
    for _ in range(20):
        cache._store(KEY, big)
        assert cache._load(KEY, 2) is not None  # whole, whoever wrote it last


def test_two_processes_write_at_once(tmp_path):
    context = multiprocessing.get_context("spawn")  # a fork of a threaded process can hang
    barrier = context.Barrier(2)
    writers = [context.Process(target=_write_many, args=(str(tmp_path), barrier)) for _ in range(2)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join(60)
    assert [writer.exitcode for writer in writers] == [0, 0]
    assert os.listdir(tmp_path) == [f"{KEY}.safetensors"]
    assert FeatureCache(tmp_path).get_or_compute(KEY, 2, never).shape == (2, 100_000)


def test_default_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("FREECP_CACHE", str(tmp_path / "mine"))
    assert default_cache_dir() == FeatureCache().cache_dir == tmp_path / "mine"
    assert FeatureCache("").cache_dir == tmp_path / "mine"
    monkeypatch.delenv("FREECP_CACHE")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert default_cache_dir() == tmp_path / ".cache" / "freecp_d2" / "text"
    assert FeatureCache("~/here").cache_dir == tmp_path / "here"
