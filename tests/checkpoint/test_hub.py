"""Hub addresses with the real library, in own processes because it reads its settings once."""

import json
from pathlib import Path

import pytest

from freecp_d2.checkpoint import find_weights
from freecp_d2.checkpoint.finding import local_path, place_of
from freecp_d2.checkpoint.hub import hub_problem
from tests.helpers.command import run

from .hub_site import handler_of
from .site import serve

PICKLE = {"open_clip_pytorch_model.bin": b"pickle"}
TINY = {"pytorch_model.bin": b"masks", "config.json": b"{}"}
REPOSITORIES = {
    "laion/CLIP-ViT-B-16-laion2B-s34B-b88K": PICKLE,
    "laion/CLIP-ViT-L-14-laion2B-s32B-b82K": PICKLE | {"open_clip_model.safetensors": b"safe"},
    "facebook/maskformer-swin-base-ade": TINY | {"preprocessor_config.json": b"{}"},
    "facebook/maskformer-swin-tiny-ade": TINY,
    "me/empty": {"README.md": b"#"},
    "me/all": {"config.json": b"{}", "model.safetensors": b"safe", "flax_model.msgpack": b"flax"},
    "me/gated": "gated",
    "openai/clip-vit-base-patch16": {"pytorch_model.bin": b"clip", "config.json": b"{}"},
}

SCRIPT = """
import json, sys, types
for name in ("freecp_d2", "freecp_d2.checkpoint", "freecp_d2.d2"):  # their imports take seconds
    sys.modules[name] = types.ModuleType(name)
    sys.modules[name].__path__ = [name.replace(".", "/")]
sys.modules["freecp_d2.d2"].PathManager = None
from freecp_d2.checkpoint.finding import find_weights
found = {}
for name in sys.argv[1:]:
    try:
        found[name] = find_weights(name)
    except Exception as error:
        found[name] = [type(error).__name__, str(error)]
json.dump(found, sys.stdout)
"""

NAMES = [
    "open_clip:ViT-B-16/laion2b_s34b_b88k",
    "open_clip:ViT-L-14/laion2b_s32b_b82k",
    "open_clip:ViT-B-16-quickgelu/dfn2b",
    "maskformer:swin-base-ade",
    "maskformer:swin-tiny-ade",
    "hf://me/empty/model.pt",
    "hf://me/empty@main/README.md",
    "hf://me/none/model.pt",
    "hf://me/gated/model.pt",
    "hf://me/all",
]


def find_all(home, **environment):
    environment = {
        "HF_HOME": str(home),
        "HF_HUB_DISABLE_XET": "1",
        "HF_HUB_OFFLINE": "0",
    } | environment
    result = run("-c", SCRIPT, *NAMES, **environment)
    assert result.returncode == 0, result.stderr
    return json.loads(result.stdout)


@pytest.fixture(scope="module")
def hub(tmp_path_factory):
    """What the names give: with the hub, after that without it, and without it from the start."""
    home, empty = tmp_path_factory.mktemp("hf_home"), tmp_path_factory.mktemp("hf_empty")
    requests: list[str] = []
    with serve(handler_of(REPOSITORIES, requests)) as address:
        online = find_all(home, HF_ENDPOINT=address)
        requests.clear()
        again = find_all(home, HF_ENDPOINT=address)
    return online, again, requests, find_all(empty, HF_HUB_OFFLINE="1")


def test_the_first_existing_file_or_a_folder(hub):
    """Of a whole repository, weights of other frameworks are left out."""
    for name, content in (
        (NAMES[0], b"pickle"),
        (NAMES[1], b"safe"),
        ("hf://me/empty@main/README.md", b"#"),
    ):
        assert Path(hub[0][name]).read_bytes() == content
    for name, files in (
        (
            "maskformer:swin-base-ade",
            {"pytorch_model.bin", "config.json", "preprocessor_config.json"},
        ),
        ("hf://me/all", {"config.json", "model.safetensors"}),
    ):
        assert {path.name for path in Path(hub[0][name]).iterdir()} == files


def test_missing_files_and_refused_access(hub):
    for name, kind, message in [
        ("open_clip:ViT-B-16-quickgelu/dfn2b", "FileNotFoundError", "does not exist"),
        ("maskformer:swin-tiny-ade", "FileNotFoundError", "preprocessor_config.json"),
        ("hf://me/empty/model.pt", "FileNotFoundError", "['model.pt']"),
        ("hf://me/none/model.pt", "FileNotFoundError", "does not exist"),
        ("hf://me/gated/model.pt", "PermissionError", "hf auth login"),
    ]:
        found_kind, found = hub[0][name]
        assert (found_kind, message in found) == (kind, True), found


def test_cached_files_need_no_network(hub):
    """Except whole repositories: only the hub knows which files belong to them."""
    online, again, asked, _ = hub
    assert again == online
    absent = ("dfn2b", "DFN2B", "swin-tiny", "me/empty", "me/none", "me/gated", "me/all")
    files = [path for path in asked if "/resolve/" in path]
    assert [path for path in files if not any(name in path for name in absent)] == []


def test_without_network_the_message_says_what_to_bring_where(hub):
    for name in NAMES:
        kind, message = hub[3][name]
        assert kind == "ConnectionError"
        assert name in message
        assert "https://huggingface.co/" in message
        assert "weights/huggingface/" in message


def test_cached_files_are_checked_by_their_names(hub):
    path = Path(hub[0][NAMES[0]])
    assert hub_problem(path) == ""
    blob = path.resolve()
    blob.chmod(0o644)
    blob.write_bytes(b"pickles")
    try:
        assert "SHA-256" in hub_problem(path)
        assert str(blob) in hub_problem(path)
    finally:
        blob.write_bytes(b"pickle")


def test_small_files_are_checked_by_their_git_hash(tmp_path):
    blob = tmp_path / "blobs" / "257cc5642cb1a054f08cc83f2d943e56fd3ebe99"  # git hash-object
    blob.parent.mkdir()
    blob.write_bytes(b"foo\n")
    assert hub_problem(blob) == ""
    blob.write_bytes(b"bar\n")
    assert "257cc5642cb1a054f08cc83f2d943e56fd3ebe99" in hub_problem(blob)


def bring(*paths):
    for path in paths:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")


def test_files_brought_by_hand():
    place = place_of(NAMES[1])
    assert place.name == "open_clip_model.safetensors"
    bring(other := place.with_name("open_clip_pytorch_model.bin"))
    assert find_weights(NAMES[1]) == str(other)
    folder = place_of("maskformer:swin-base-ade")
    files = ("model.safetensors", "config.json", "preprocessor_config.json")
    bring(*(folder / name for name in files))
    assert find_weights("maskformer:swin-base-ade") == str(folder)
    bring(file := place_of("hf://me/mine@main/x.pt"))
    assert find_weights("hf://me/mine/x.pt") == local_path("hf://me/mine/x.pt") == str(file)
    assert find_weights("hf://me/mine") == str(file.parent)


def test_malformed_addresses():
    for name in ("hf://", "hf://me", "hf://me/", "hf://me/mine/../../x.pt"):
        with pytest.raises(ValueError, match="hf://org/repo/file"):
            find_weights(name)


MIRRORED = SCRIPT.replace(
    "found = {}",
    """
from dataclasses import replace
from freecp_d2.checkpoint import finding
rows = dict(finding.load_catalogue())
rows["clip:ViT-B/16"] = replace(rows["clip:ViT-B/16"], url="http://host.invalid/ViT-B-16.pt")
finding.load_catalogue = lambda: rows
found = {}""",
)


def test_the_second_source_of_openais_files(tmp_path):
    """Their host cannot be reached: from the hub, then from its cache, and an error with both."""

    def find(home, **environment):
        environment = {
            "HF_HOME": str(tmp_path / home),
            "HF_HUB_DISABLE_XET": "1",
            "HF_HUB_OFFLINE": "0",
        } | environment
        result = run("-c", MIRRORED, "clip:ViT-B/16", **environment)
        assert result.returncode == 0, result.stderr
        return json.loads(result.stdout)["clip:ViT-B/16"], result.stderr

    requests: list[str] = []
    with serve(handler_of(REPOSITORIES, requests)) as address:
        folder, said = find("home", HF_ENDPOINT=address)
    assert (Path(folder) / "pytorch_model.bin").read_bytes() == b"clip"
    assert (Path(folder) / "config.json").is_file()
    assert "host.invalid" in said
    assert "hf://openai/clip-vit-base-patch16" in said
    assert find("home", HF_HUB_OFFLINE="1") == (folder, ""), "the cache comes before the download"
    (kind, message), _ = find("empty", HF_HUB_OFFLINE="1")
    assert kind == "ConnectionError"
    for fact in ("http://host.invalid/ViT-B-16.pt", "huggingface.co/openai/clip-vit-base-patch16"):
        assert fact in message
    assert str(place_of("clip:ViT-B/16")) in message
