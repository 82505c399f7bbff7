"""Loading of SAM 3: what a folder lacks is said before the first image."""

import json
import shutil
import sys
from importlib.machinery import ModuleSpec
from types import ModuleType

import pytest
from huggingface_hub import errors

from freecp_d2.modeling.sam3 import load_sam3
from tests.helpers.random_affinity import random_maskformer
from tests.helpers.random_sam3 import save_sam3


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return save_sam3(tmp_path_factory.mktemp("sam3"))


def test_the_config_of_the_video_model_is_read_too(folder, tmp_path):
    """facebook/sam3 has it, with the image model inside."""
    copy = shutil.copytree(folder, tmp_path / "video")
    config = json.loads((copy / "config.json").read_text())
    (copy / "config.json").write_text(
        json.dumps({"model_type": "sam3_video", "detector_config": config})
    )
    model, _ = load_sam3(str(copy))
    expected, _ = load_sam3(str(folder))
    found = model.state_dict()
    assert all((value == found[key]).all() for key, value in expected.state_dict().items())


def test_a_folder_without_a_tokenizer(folder, tmp_path):
    copy = shutil.copytree(folder, tmp_path / "alone")
    for path in copy.glob("*token*"):
        path.unlink()
    with pytest.raises(FileNotFoundError, match=r"tokenizer\.json"):
        load_sam3(str(copy))


def test_another_model(tmp_path):
    random_maskformer().save_pretrained(tmp_path)
    with pytest.raises(ValueError, match=r"model_type.*maskformer"):
        load_sam3(str(tmp_path))


def test_gated_weights_say_how_to_get_access(monkeypatch):
    class Refusal(errors.GatedRepoError):
        def __init__(self):
            Exception.__init__(self, "403")

    def refuse(**options):
        raise Refusal

    monkeypatch.setattr("huggingface_hub.hf_hub_download", refuse)
    monkeypatch.setattr("huggingface_hub.try_to_load_from_cache", lambda **options: None)
    with pytest.raises(
        PermissionError, match=r"(?s)MODEL\.SAM3\.PRETRAINED.*accept.*hf auth login"
    ):
        load_sam3("sam3:sam3")


def test_an_old_transformers(monkeypatch):
    old = ModuleType("transformers")
    old.__version__, old.__spec__ = "4.57.6", ModuleSpec("transformers", None)
    monkeypatch.setitem(sys.modules, "transformers", old)
    with pytest.raises(ImportError, match=r"5\.0.*4\.57\.6.*freecp_d2\[sam3\]"):
        load_sam3("sam3:sam3")
