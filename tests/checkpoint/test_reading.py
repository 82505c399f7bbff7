"""Weights in the formats that they come in; and files that are none."""

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
    """What a pickle can do that is executed."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return os.mkdir, (self.path,)


class TestFormats:
    @pytest.mark.filterwarnings("ignore:.*torch.jit:FutureWarning")
    def test_torchscript(self, model, tmp_path):
        torch.jit.script(model).save(tmp_path / "model.pt")
        assert same(read_state_dict(tmp_path / "model.pt"), model.state_dict())

    @pytest.mark.parametrize("zipped", [True, False])
    def test_pickle(self, model, tmp_path, zipped):
        path = tmp_path / "model.pth"
        torch.save(model.state_dict(), path, _use_new_zipfile_serialization=zipped)
        assert same(read_state_dict(str(path)), model.state_dict())

    @pytest.mark.parametrize("name", ["model.safetensors", "model.bin"])
    def test_safetensors_whatever_the_name(self, model, tmp_path, name):
        safetensors.torch.save_file(model.state_dict(), tmp_path / name)
        assert same(read_state_dict(tmp_path / name), model.state_dict())

    @pytest.mark.parametrize("key", ["state_dict", "model", "model_state_dict"])
    def test_what_training_programs_store(self, model, tmp_path, key):
        state = {f"module.{name}": value for name, value in model.state_dict().items()}
        torch.save({"epoch": 3, key: state}, tmp_path / "model.pt")
        assert same(read_state_dict(tmp_path / "model.pt"), model.state_dict())

    def test_numbers_among_the_tensors(self, tmp_path):
        torch.save({"weight": torch.ones(2), "input_resolution": 224}, tmp_path / "model.pt")
        state = read_state_dict(tmp_path / "model.pt")
        assert state["input_resolution"] == 224


class TestRefusals:
    @pytest.mark.parametrize("zipped", [True, False])
    def test_code_in_a_pickle_is_not_executed(self, tmp_path, zipped):
        path = tmp_path / "model.pt"
        content = {"weight": Malicious(str(tmp_path / "done"))}
        torch.save(content, path, _use_new_zipfile_serialization=zipped)
        with pytest.raises(ValueError, match=r"model\.pt is no checkpoint that can be read"):
            read_state_dict(path)
        assert not (tmp_path / "done").exists()

    @pytest.mark.filterwarnings("ignore:Detected pickle protocol")
    def test_a_bare_pickle_neither(self, tmp_path):
        path = tmp_path / "model.pkl"
        path.write_bytes(pickle.dumps(Malicious(str(tmp_path / "done"))))
        with pytest.raises(ValueError, match="only tensors"):
            read_state_dict(path)
        assert not (tmp_path / "done").exists()

    def test_a_whole_model_neither(self, model, tmp_path):
        torch.save(model, tmp_path / "model.pt")
        with pytest.raises(ValueError, match="only tensors"):
            read_state_dict(tmp_path / "model.pt")

    @pytest.mark.parametrize(
        ("content", "message"),
        [
            (b"", "it is empty"),
            (b"<!DOCTYPE html><html>Sign in</html>", "a web page"),
            (b"version https://git-lfs.github.com/spec/v1\noid sha256:1", "git lfs pull"),
            (b'{"error": "not found"}', "it is JSON"),
            (b"nothing of the kind", "is no checkpoint"),
        ],
    )
    @pytest.mark.parametrize("name", ["model.pt", "model.safetensors"])
    def test_what_often_lies_there_instead(self, tmp_path, content, message, name):
        (tmp_path / name).write_bytes(content)
        with pytest.raises(ValueError, match=message):
            read_state_dict(tmp_path / name)

    @pytest.mark.parametrize(
        ("content", "message"),
        [({}, "it is empty"), ([torch.ones(1)], "holds a list"), ({"a": "b"}, r"\['a'\]")],
    )
    def test_no_state_dict(self, tmp_path, content, message):
        torch.save(content, tmp_path / "model.pt")
        with pytest.raises(ValueError, match=message):
            read_state_dict(tmp_path / "model.pt")

    def test_cut_off(self, model, tmp_path):
        for name in ("model.pt", "model.safetensors"):
            path = tmp_path / name
            if name == "model.pt":
                torch.save(model.state_dict(), path)
            else:
                safetensors.torch.save_file(model.state_dict(), path)
            path.write_bytes(path.read_bytes()[:-40])
            with pytest.raises(ValueError, match="no checkpoint that can be read"):
                read_state_dict(path)

    def test_no_file(self, tmp_path):
        with pytest.raises(FileNotFoundError, match="is no file"):
            read_state_dict(tmp_path / "model.pt")
        with pytest.raises(FileNotFoundError, match="is no file"):
            read_state_dict(tmp_path)


@pytest.mark.parametrize("format", ["PNG", "JPEG", "GIF", "WEBP", "TIFF"])
def test_an_image_is_told(tmp_path, format):
    Image.new("RGB", (4, 3)).save(tmp_path / "page", format=format)
    with pytest.raises(ValueError, match="it is an image") as error:
        read_state_dict(tmp_path / "page")
    assert "weights_only" not in str(error.value)
