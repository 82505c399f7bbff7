"""The disk cache: content keys, atomic files, damage, and folders that cannot be written."""

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
    assert os.listdir(cache.cache_dir) == [f"{KEY}.safetensors"]


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
    assert features_key("weights", tuple(map(tuple, rows))) == KEY
    assert KEY.startswith("c4449b0c"), "existing caches stay valid"
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


@pytest.mark.parametrize(
    ("damage", "fact"),
    [
        (lambda path: path.write_bytes(b""), ""),
        (lambda path: path.write_bytes(b"hello, world" * 9), ""),
        (truncate, ""),
        (lambda path: save_file({"x": matrix()}, path), ""),
        (flip_a_bit, "checksum"),
        (lambda path: save_file({"features": matrix()}, path), "checksum"),
        (other_key, "checksum"),
        (other_shape, "got shape (5, 3), expected (2, D)"),
    ],
    ids=["empty", "text", "truncated", "no tensor", "bit", "no metadata", "key", "shape"],
)
def test_damaged_file_is_computed_again_with_a_warning(tmp_path, log, damage, fact):
    cache = FeatureCache(tmp_path)
    cache.get_or_compute(KEY, 2, matrix)
    damage(cache.path(KEY))
    assert cache.get_or_compute(KEY, 2, matrix).equal(matrix())
    [warning] = log.warnings
    assert fact in warning
    assert str(cache.path(KEY)) in warning
    assert cache.get_or_compute(KEY, 2, never).equal(matrix())


def test_path_that_can_be_neither_read_nor_written(tmp_path, log):
    cache = FeatureCache(tmp_path)
    cache.path(KEY).mkdir()
    assert cache.get_or_compute(KEY, 2, matrix).equal(matrix())
    assert len(log.warnings) == 2
    assert os.listdir(tmp_path) == [cache.path(KEY).name]


def test_folder_that_cannot_be_made(tmp_path, log):
    (tmp_path / "file").write_text("in the way")
    cache = FeatureCache(tmp_path / "file" / "cache")
    assert cache.get_or_compute(KEY, 2, matrix).equal(matrix())
    assert "FREECP_CACHE" in log.warnings[-1]


def test_failed_write_leaves_no_file(tmp_path, log, monkeypatch):
    def refuse(*_):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "replace", refuse)
    assert FeatureCache(tmp_path).get_or_compute(KEY, 2, matrix).equal(matrix())
    [warning] = log.warnings
    assert "Permission denied" in warning
    assert os.listdir(tmp_path) == []


def test_errors_of_compute_are_raised(tmp_path):
    with pytest.raises(AssertionError, match="computed although"):
        FeatureCache(tmp_path).get_or_compute(KEY, 2, never)
    assert os.listdir(tmp_path) == []


def test_default_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("FREECP_CACHE", str(tmp_path / "mine"))
    assert default_cache_dir() == FeatureCache().cache_dir == tmp_path / "mine"
    assert FeatureCache("").cache_dir == tmp_path / "mine"
    monkeypatch.delenv("FREECP_CACHE")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert default_cache_dir() == tmp_path / ".cache" / "freecp_d2" / "text"
    assert FeatureCache("~/here").cache_dir == tmp_path / "here"
