"""Every row is well formed, and OpenAI's are those of OpenAI's own library."""

import re
import warnings
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlparse

import pytest

from freecp_d2.checkpoint import load_catalogue
from freecp_d2.checkpoint.catalogue import near_names
from freecp_d2.checkpoint.embedded import EMBEDDED_SHA256
from freecp_d2.checkpoint.finding import place_of
from freecp_d2.modeling.backbone.openai_layout import OPENAI_TOWERS

CATALOGUE = load_catalogue()


@pytest.mark.parametrize("entry", CATALOGUE.values(), ids=lambda entry: entry.name)
class TestRows:
    def test_one_source(self, entry):
        assert [bool(entry.url), bool(entry.hub), bool(entry.package)].count(True) == 1
        if entry.url:
            address = urlparse(entry.url)
            assert (address.scheme, address.query, address.fragment) == ("https", "", "")
        if entry.hub:
            assert re.fullmatch(r"[\w.-]+/[\w.-]+", entry.hub)
            assert entry.files
        if entry.package:
            assert entry.package in EMBEDDED_SHA256

    def test_a_licence(self, entry):
        assert entry.licence

    def test_a_hash_with_its_source_or_none(self, entry):
        assert re.fullmatch(r"([0-9a-f]{64})?", entry.sha256)
        assert entry.hash_by in (("publisher", "users") if entry.sha256 else ("",))
        assert not (entry.hub and entry.sha256), "the hub's files are held to its own hashes"

    def test_sizes(self, entry):
        assert entry.size is None or entry.about is None
        for size in (entry.size, entry.about):
            assert size is None or 10_000_000 < size < 5_000_000_000
        assert bool(entry.sha256) == bool(entry.size), "who read the file knows both"

    def test_a_name_to_type(self, entry):
        assert re.fullmatch(r"\w+:[\w./@-]+", entry.name)
        assert not Path(entry.file_name).is_absolute()
        assert Path(entry.file_name).suffix in (".pt", ".pth", ".safetensors")


def test_no_two_files_have_the_same_place():
    files = [place_of(entry.name) for entry in CATALOGUE.values() if entry.url]
    assert len(files) == len(set(files))


def openai_models():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import clip.clip

    return clip.clip._MODELS


def test_openai_as_in_its_library():
    """Its own check takes the hash from the address; so does ours, for every model."""
    ours = {
        name.removeprefix("clip:"): (entry.url, entry.sha256, entry.hash_by)
        for name, entry in CATALOGUE.items()
        if name.startswith("clip:") and entry.url
    }
    theirs = {name: (url, url.split("/")[-2], "publisher") for name, url in openai_models().items()}
    assert ours == theirs
    assert set(OPENAI_TOWERS) == set(ours)


def test_open_clip_as_in_its_library():
    import open_clip

    ours = [entry for entry in CATALOGUE.values() if entry.name.startswith("open_clip:")]
    assert len(ours) == 5
    for entry in ours:
        arch, _, tag = entry.name.removeprefix("open_clip:").partition("/")
        assert arch in open_clip.list_models()
        config = open_clip.get_pretrained_cfg(arch, tag)
        assert config["hf_hub"].rstrip("/") == entry.hub


def test_dinov2_and_sam_as_in_timm():
    """timm's configurations name the authors' files."""
    timm = pytest.importorskip("timm")
    addresses = {
        timm.get_pretrained_cfg(name).url
        for name in timm.list_models(["*dinov2*", "samvit*"], pretrained=True)
    }
    ours = [entry for entry in CATALOGUE.values() if entry.name.startswith(("dinov2:", "sam:"))]
    assert len(ours) == 6
    assert {entry.url for entry in ours} <= addresses


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("clip:vit-b/16", "clip:ViT-B/16"),
        ("dino:vit_b16", "dino:vitb16"),
        ("sam:vitb", "sam:vit_b"),
        ("open_clip:ViT-L-14/laion2b", "open_clip:ViT-L-14/laion2b_s32b_b82k"),
    ],
)
def test_near_names(typed, meant):
    assert meant in near_names(typed)


def test_a_row_cannot_be_changed():
    entry = CATALOGUE["clip:ViT-B/16"]
    with pytest.raises(AttributeError):
        entry.url = "https://elsewhere"  # type: ignore[misc]
    assert replace(entry, url="x").url == "x"
