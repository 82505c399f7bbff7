"""The disk cache: keys, damaged files, and folders that cannot be written."""

import os

import pytest
import torch
from safetensors.torch import save_file

from freecp_d2.text import classifier
from freecp_d2.text.classifier import FeatureCache, features_key

ROWS = [["a cat", "the cat"], ["a dog"]]
KEY = features_key("weights", ROWS)
MATRIX = torch.randn(2, 3, generator=torch.Generator().manual_seed(0))


def never() -> torch.Tensor:
    raise AssertionError("computed although it is cached")


def test_computes_float32_once_that_outlives_the_file(tmp_path):
    folder = tmp_path / "new" / "folder"
    cache = FeatureCache(folder)
    features = cache.get_or_compute(KEY, 2, lambda: MATRIX.half().requires_grad_())
    loaded = FeatureCache(folder).get_or_compute(KEY, 2, never)
    assert os.listdir(folder) == [f"{KEY}.safetensors"]
    cache.path(KEY).write_bytes(b"")
    assert loaded.dtype == features.dtype == torch.float32
    assert loaded.equal(MATRIX.half().float())
    assert not loaded.requires_grad
    with pytest.raises(AssertionError, match="computed although"):
        cache.get_or_compute("other", 2, never)
    assert len(os.listdir(folder)) == 1


def test_key_is_weights_rows_and_format(monkeypatch):
    assert features_key("weights", tuple(map(tuple, ROWS))) == KEY
    assert KEY.startswith("c4449b0c"), "existing caches stay valid"
    other_rows = (
        *(ROWS[::-1], [["a cat"], ["the cat", "a dog"]]),
        *([["a cat", "the cat", "a dog"]], [["a cat", "the cow"], ["a dog"]]),
    )
    keys = {KEY, features_key("other", ROWS), *(features_key("weights", r) for r in other_rows)}
    monkeypatch.setattr(classifier, "FORMAT_VERSION", -1)
    assert len(keys | {features_key("weights", ROWS)}) == 7


def test_damaged_file_is_computed_again_with_a_warning(tmp_path, log):
    cache = FeatureCache(tmp_path)
    path = cache.path(KEY)
    cache.get_or_compute(KEY, 5, lambda: torch.ones(5, 3))
    five_rows = path.read_bytes()
    cache.get_or_compute(KEY, 2, lambda: MATRIX)
    whole = path.read_bytes()
    cache.get_or_compute("other", 2, lambda: -MATRIX)
    other = cache.path("other").read_bytes()
    save_file({"x": MATRIX}, path)
    broken = (b"", b"hello, world" * 9, whole[:-4], path.read_bytes())
    for content in (*broken, whole[:-1] + b"\1", other, five_rows):
        log.warnings.clear()
        path.write_bytes(content)
        assert cache.get_or_compute(KEY, 2, lambda: MATRIX).equal(MATRIX)
        [warning] = log.warnings
        assert str(path) in warning
        assert cache.get_or_compute(KEY, 2, never).equal(MATRIX)


def test_folders_that_can_be_neither_read_nor_written(tmp_path, log, monkeypatch):
    FeatureCache(tmp_path).path(KEY).mkdir()
    (tmp_path / "file").write_text("in the way")
    for folder in (tmp_path, tmp_path / "file" / "cache"):
        assert FeatureCache(folder).get_or_compute(KEY, 2, lambda: MATRIX).equal(MATRIX)
        assert "FREECP_CACHE" in log.warnings[-1]

    def refuse(*_):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "replace", refuse)
    (tmp_path / "read only").mkdir()
    FeatureCache(tmp_path / "read only").get_or_compute(KEY, 2, lambda: MATRIX)
    assert "Permission denied" in log.warnings[-1]
    assert os.listdir(tmp_path / "read only") == []


def test_default_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("FREECP_CACHE", str(tmp_path / "mine"))
    assert FeatureCache("").cache_dir == tmp_path / "mine"
    monkeypatch.delenv("FREECP_CACHE")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert FeatureCache().cache_dir == tmp_path / ".cache" / "freecp_d2" / "text"
    assert FeatureCache("~/here").cache_dir == tmp_path / "here"
