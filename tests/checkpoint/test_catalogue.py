"""Every row of the catalogue is well formed and agrees with the libraries that use the files."""

import re
import warnings
from pathlib import Path
from urllib.parse import urlparse

import pytest

from freecp_d2.checkpoint import load_catalogue
from freecp_d2.checkpoint.catalogue import EMBEDDED_SHA256
from freecp_d2.checkpoint.finding import place_of
from freecp_d2.modeling.backbone.clip_files import OPENAI_TOWERS

CATALOGUE = load_catalogue()


def test_every_row_has_one_source_a_name_a_licence_a_hash_and_a_size():
    for entry in CATALOGUE.values():
        assert [bool(entry.url), bool(entry.hub), bool(entry.package)].count(True) == 1, entry
        if entry.url:
            address = urlparse(entry.url)
            assert (address.scheme, address.query, address.fragment) == ("https", "", ""), entry
        if entry.hub:
            assert re.fullmatch(r"[\w.-]+/[\w.-]+", entry.hub), entry
            assert entry.files or entry.name.startswith("tips:"), entry
        assert not entry.package or entry.package in EMBEDDED_SHA256
        assert re.fullmatch(r"\w+:[\w./@-]+", entry.name), entry
        if entry.files or not entry.hub:
            assert Path(entry.file_name).name == entry.file_name, entry
            assert Path(entry.file_name).suffix in (".pt", ".pth", ".safetensors"), entry
        assert not entry.mirror or (entry.url and entry.files), entry
        assert entry.licence, entry
        assert re.fullmatch(r"([0-9a-f]{64})?", entry.sha256), entry
        assert entry.hash_by in (("publisher", "users") if entry.sha256 else ("",)), entry
        assert not (entry.hub and entry.sha256), "the hub's cache has hashes of its own"
        assert bool(entry.sha256) == bool(entry.size), entry
        assert entry.size is None or entry.about is None, entry
        for size in (entry.size, entry.about):
            assert size is None or 10_000_000 < size < 5_000_000_000, entry
    files = [place_of(entry.name) for entry in CATALOGUE.values() if entry.url]
    assert len(files) == len(set(files))


def rows_of(group):
    return {
        n.removeprefix(f"{group}:"): e for n, e in CATALOGUE.items() if n.startswith(f"{group}:")
    }


def test_openai_rows_agree_with_the_clip_library():
    """The library takes the hash from the address."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import clip.clip
    ours = {n: (e.url, e.sha256, e.hash_by) for n, e in rows_of("clip").items() if e.url}
    models = clip.clip._MODELS
    assert ours == {name: (url, url.split("/")[-2], "publisher") for name, url in models.items()}
    assert set(OPENAI_TOWERS) == set(ours)


def test_open_clip_rows_agree_with_its_library():
    import open_clip

    ours = rows_of("open_clip")
    assert len(ours) == 5
    for name, entry in ours.items():
        arch, _, tag = name.partition("/")
        assert arch in open_clip.list_models()
        assert open_clip.get_pretrained_cfg(arch, tag)["hf_hub"].rstrip("/") == entry.hub


def test_dinov2_and_sam_rows_agree_with_timm():
    timm = pytest.importorskip("timm")
    names = timm.list_models(["*dinov2*", "samvit*"], pretrained=True)
    addresses = {timm.get_pretrained_cfg(name).url for name in names}
    ours = [*rows_of("dinov2").values(), *rows_of("sam").values()]
    assert len(ours) == 9
    assert {entry.url for entry in ours} <= addresses


def test_dinov3_rows_are_names_of_timm():
    timm = pytest.importorskip("timm")
    for entry in rows_of("dinov3").values():
        arch = entry.hub.removeprefix("timm/")
        assert timm.get_pretrained_cfg(arch).hf_hub_id == entry.hub
