"""State dicts in every supported format, and refusals of other files."""

import gzip
import io
import os
import pickle

import numpy as np
import pytest
import safetensors.torch
import torch
from PIL import Image
from torch import nn

from freecp_d2.checkpoint.reading import read_state_dict


@pytest.fixture
def model():
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(3, 2), nn.BatchNorm1d(2)).eval()


@pytest.fixture
def path(tmp_path):
    return tmp_path / "model.pt"


def same(state, expected):
    return state.keys() == expected.keys() and all(state[k].equal(expected[k]) for k in expected)


class TestFormats:
    @pytest.mark.filterwarnings("ignore:.*torch.jit:FutureWarning")
    def test_torchscript(self, model, path):
        torch.jit.script(model).save(path)
        assert same(read_state_dict(path), model.state_dict())

    def test_pickles_zipped_or_not(self, model, path):
        for zipped in (True, False):
            torch.save(model.state_dict(), path, _use_new_zipfile_serialization=zipped)
            assert same(read_state_dict(str(path)), model.state_dict())

    def test_safetensors_under_any_name(self, model, tmp_path):
        for name in ("model.safetensors", "model.bin"):
            safetensors.torch.save_file(model.state_dict(), tmp_path / name)
            assert same(read_state_dict(tmp_path / name), model.state_dict())

    def test_wrappers_and_prefixes_of_training_programs(self, model, path):
        state = {f"module.{name}": value for name, value in model.state_dict().items()}
        for key in ("state_dict", "model", "model_state_dict"):
            torch.save({"epoch": 3, key: state}, path)
            assert same(read_state_dict(path), model.state_dict())

    def test_numbers_among_the_tensors(self, path):
        torch.save({"weight": torch.ones(2), "input_resolution": 224}, path)
        assert read_state_dict(path)["input_resolution"] == 224

    @pytest.mark.skipif(not hasattr(torch.serialization, "safe_globals"), reason="torch 2.5")
    def test_arrays_of_numpy(self, model, path):
        state = model.state_dict()
        torch.save({name: value.numpy() for name, value in state.items()}, path)
        assert same(read_state_dict(path), state)
        torch.save({"state_dict": state, "losses": np.arange(3.0)}, path)
        assert same(read_state_dict(path), state)


def refused(path, message=None):
    with pytest.raises(ValueError, match=message) as error:
        read_state_dict(path)
    assert path.name in str(error.value)
    return str(error.value)


class Malicious:
    """Makes a folder when it is unpickled."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return os.mkdir, (self.path,)


class TestRefusals:
    @pytest.mark.filterwarnings("ignore:Detected pickle protocol")
    def test_code_is_not_executed(self, model, path, tmp_path):
        content = Malicious(str(tmp_path / "done"))
        for zipped in (True, False):
            torch.save({"weight": content}, path, _use_new_zipfile_serialization=zipped)
            refused(path)
        path.write_bytes(pickle.dumps(content))
        refused(path)
        torch.save(model, path)
        refused(path)
        assert not (tmp_path / "done").exists()

    def test_a_file_that_is_something_else(self, tmp_path):
        np.savez(npz := io.BytesIO(), weight=np.ones(3))
        for content, message in (
            (b"", "empty"),
            (b"<!DOCTYPE html><html>Sign in</html>", "web page"),
            (b"version https://git-lfs.github.com/spec/v1\n", "git lfs pull"),
            (b'{"error": "not found"}', "JSON"),
            (b"nothing of the kind", "of another format"),
            (bytes(range(7, 250)), "of another format"),
            (gzip.compress(b"weights"), "gzip"),
            (npz.getvalue(), "zip archive that PyTorch has not written"),
        ):
            for name in ("model.pt", "model.safetensors"):
                (tmp_path / name).write_bytes(content)
                assert "weights_only" not in refused(tmp_path / name, message)
        for file_format in ("PNG", "JPEG", "GIF", "WEBP", "TIFF"):
            Image.new("RGB", (4, 3)).save(tmp_path / "page", format=file_format)
            assert "weights_only" not in refused(tmp_path / "page", "image")

    def test_a_pickle_without_a_state_dict(self, path):
        for content, message in (
            ({}, "empty"),
            ([torch.ones(1)], "list"),
            ({"a": "b"}, r"\['a'\]"),
        ):
            torch.save(content, path)
            refused(path, message)

    def test_a_truncated_file(self, model, path):
        torch.save(model.state_dict(), path)
        other = path.with_suffix(".safetensors")
        safetensors.torch.save_file(model.state_dict(), other)
        for each in (path, other):
            each.write_bytes(each.read_bytes()[:-40])
            refused(each)

    def test_no_file(self, path):
        for missing in (path, path.parent):
            with pytest.raises(FileNotFoundError, match=str(missing)):
                read_state_dict(missing)
