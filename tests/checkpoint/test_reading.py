"""State dicts in every supported format, and refusals of other files."""

import os
import pickle

import pytest
import safetensors.torch
import torch
from PIL import Image
from torch import nn

from freecp_d2.checkpoint import read_state_dict


@pytest.fixture
def model():
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(3, 2), nn.BatchNorm1d(2)).eval()


def same(state, expected):
    return state.keys() == expected.keys() and all(
        torch.equal(state[key], expected[key]) for key in expected
    )


class Malicious:
    """Makes a folder when it is unpickled."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return os.mkdir, (self.path,)


class TestFormats:
    @pytest.mark.filterwarnings("ignore:.*torch.jit:FutureWarning")
    def test_torchscript(self, model, tmp_path):
        torch.jit.script(model).save(tmp_path / "model.pt")
        assert same(read_state_dict(tmp_path / "model.pt"), model.state_dict())

    def test_pickles_zipped_or_not(self, model, tmp_path):
        path = tmp_path / "model.pth"
        for zipped in (True, False):
            torch.save(model.state_dict(), path, _use_new_zipfile_serialization=zipped)
            assert same(read_state_dict(str(path)), model.state_dict())

    def test_safetensors_under_any_name(self, model, tmp_path):
        for name in ("model.safetensors", "model.bin"):
            safetensors.torch.save_file(model.state_dict(), tmp_path / name)
            assert same(read_state_dict(tmp_path / name), model.state_dict())

    def test_wrappers_and_prefixes_of_training_programs(self, model, tmp_path):
        state = {f"module.{name}": value for name, value in model.state_dict().items()}
        for key in ("state_dict", "model", "model_state_dict"):
            torch.save({"epoch": 3, key: state}, tmp_path / "model.pt")
            assert same(read_state_dict(tmp_path / "model.pt"), model.state_dict())

    def test_numbers_among_the_tensors(self, tmp_path):
        torch.save({"weight": torch.ones(2), "input_resolution": 224}, tmp_path / "model.pt")
        assert read_state_dict(tmp_path / "model.pt")["input_resolution"] == 224


class TestRefusals:
    @pytest.mark.filterwarnings("ignore:Detected pickle protocol")
    def test_code_is_not_executed(self, model, tmp_path):
        path, content = tmp_path / "model.pt", Malicious(str(tmp_path / "done"))
        for zipped in (True, False):
            torch.save({"weight": content}, path, _use_new_zipfile_serialization=zipped)
            with pytest.raises(ValueError, match=r"model\.pt"):
                read_state_dict(path)
        path.write_bytes(pickle.dumps(content))
        with pytest.raises(ValueError, match=r"model\.pt"):
            read_state_dict(path)
        torch.save(model, path)
        with pytest.raises(ValueError, match=r"model\.pt"):
            read_state_dict(path)
        assert not (tmp_path / "done").exists()

    @pytest.mark.parametrize(
        ("content", "message"),
        [
            pytest.param(b"", "empty", id="empty"),
            pytest.param(b"<!DOCTYPE html><html>Sign in</html>", "web page", id="html"),
            pytest.param(b"version https://git-lfs.github.com/spec/v1\n", "git lfs pull", id="lfs"),
            pytest.param(b'{"error": "not found"}', "JSON", id="json"),
            pytest.param(b"nothing of the kind", "no checkpoint", id="text"),
        ],
    )
    def test_a_file_that_is_something_else(self, tmp_path, content, message):
        for name in ("model.pt", "model.safetensors"):
            (tmp_path / name).write_bytes(content)
            with pytest.raises(ValueError, match=message):
                read_state_dict(tmp_path / name)

    def test_an_image(self, tmp_path):
        for file_format in ("PNG", "JPEG", "GIF", "WEBP", "TIFF"):
            Image.new("RGB", (4, 3)).save(tmp_path / "page", format=file_format)
            with pytest.raises(ValueError, match="image") as error:
                read_state_dict(tmp_path / "page")
            assert "weights_only" not in str(error.value)

    def test_a_pickle_without_a_state_dict(self, tmp_path):
        for content, message in [
            ({}, "empty"),
            ([torch.ones(1)], "list"),
            ({"a": "b"}, r"\['a'\]"),
        ]:
            torch.save(content, tmp_path / "model.pt")
            with pytest.raises(ValueError, match=message):
                read_state_dict(tmp_path / "model.pt")

    def test_a_truncated_file(self, model, tmp_path):
        torch.save(model.state_dict(), tmp_path / "model.pt")
        safetensors.torch.save_file(model.state_dict(), tmp_path / "model.safetensors")
        for path in sorted(tmp_path.iterdir()):
            path.write_bytes(path.read_bytes()[:-40])
            with pytest.raises(ValueError, match=path.name):
                read_state_dict(path)

    def test_no_file(self, tmp_path):
        for path in (tmp_path / "model.pt", tmp_path):
            with pytest.raises(FileNotFoundError, match=str(path)):
                read_state_dict(path)
