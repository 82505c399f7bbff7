"""Hub names with the hub's own library, in processes of their own: it reads its settings once."""

import json
from pathlib import Path

import pytest

from freecp_d2.checkpoint import find_weights
from freecp_d2.checkpoint.finding import local_path, place_of
from freecp_d2.checkpoint.hub import hub_problem
from tests.helpers.command import run

from .hub_site import serve_hub

REPOSITORIES = {
    "laion/CLIP-ViT-B-16-laion2B-s34B-b88K": {"open_clip_pytorch_model.bin": b"pickle"},
    "laion/CLIP-ViT-L-14-laion2B-s32B-b82K": {
        "open_clip_pytorch_model.bin": b"pickle",
        "open_clip_model.safetensors": b"safe",
    },
    "facebook/maskformer-swin-base-ade": {
        "pytorch_model.bin": b"masks",
        "config.json": b"{}",
        "preprocessor_config.json": b"{}",
    },
    "facebook/maskformer-swin-tiny-ade": {"pytorch_model.bin": b"masks", "config.json": b"{}"},
    "me/empty": {"README.md": b"#"},
    "me/all": {"config.json": b"{}", "model.safetensors": b"safe", "flax_model.msgpack": b"flax"},
    "me/gated": "gated",
}

SCRIPT = """
import json, sys
from freecp_d2.weights import find_weights
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
    environment = {"HF_HOME": str(home), "HF_HUB_DISABLE_XET": "1"} | environment
    result = run("-c", SCRIPT, *NAMES, **environment)
    assert result.returncode == 0, result.stderr
    return json.loads(result.stdout)


@pytest.fixture(scope="module")
def hub(tmp_path_factory):
    """What the names give: with the hub, after that without it, and without it from the start."""
    home = tmp_path_factory.mktemp("hf_home")
    with serve_hub(REPOSITORIES) as (address, requests):
        online = find_all(home, HF_ENDPOINT=address)
        num_requests = len(requests)
        again = find_all(home, HF_ENDPOINT=address)
        asked = requests[num_requests:]
    empty = tmp_path_factory.mktemp("hf_empty")
    return online, again, asked, find_all(empty, HF_HUB_OFFLINE="1")


def test_the_first_file_that_there_is(hub):
    online = hub[0]
    assert Path(online[NAMES[0]]).read_bytes() == b"pickle"
    assert Path(online[NAMES[1]]).read_bytes() == b"safe"


def test_a_model_of_several_files_is_a_folder(hub):
    folder = Path(hub[0]["maskformer:swin-base-ade"])
    found = {path.name for path in folder.iterdir()}
    assert found == {"pytorch_model.bin", "config.json", "preprocessor_config.json"}


def test_a_file_by_its_address(hub):
    assert Path(hub[0]["hf://me/empty@main/README.md"]).read_bytes() == b"#"


def test_a_whole_repository_without_other_frameworks(hub):
    found = {path.name for path in Path(hub[0]["hf://me/all"]).iterdir()}
    assert found == {"config.json", "model.safetensors"}


@pytest.mark.parametrize(
    ("name", "kind", "message"),
    [
        ("open_clip:ViT-B-16-quickgelu/dfn2b", "FileNotFoundError", "does not exist"),
        ("maskformer:swin-tiny-ade", "FileNotFoundError", "preprocessor_config.json"),
        ("hf://me/empty/model.pt", "FileNotFoundError", "has none of ['model.pt']"),
        ("hf://me/none/model.pt", "FileNotFoundError", "does not exist"),
        ("hf://me/gated/model.pt", "PermissionError", "accept its terms"),
    ],
)
def test_what_is_not_there(hub, name, kind, message):
    found_kind, found = hub[0][name]
    assert (found_kind, message in found) == (kind, True), found


def test_what_is_there_needs_no_network(hub):
    """But for whole repositories, of which only the hub knows what belongs to them."""
    online, again, asked, _ = hub
    assert again == online
    absent = ("dfn2b", "DFN2B", "swin-tiny", "me/empty", "me/none", "me/gated", "me/all")
    files = [path for _, path in asked if "/resolve/" in path]
    assert [path for path in files if not any(name in path for name in absent)] == []


@pytest.mark.parametrize("name", NAMES)
def test_without_network_the_message_says_what_to_bring_where(hub, name):
    kind, message = hub[3][name]
    assert kind == "ConnectionError"
    assert "could not be downloaded" in message
    assert "Bring " in message
    assert "huggingface/" in message


def test_the_name_of_a_file_in_the_cache_is_its_hash(hub):
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


def test_brought_by_hand():
    place = place_of("open_clip:ViT-L-14/laion2b_s32b_b82k")
    assert place.name == "open_clip_model.safetensors"
    place.parent.mkdir(parents=True)
    other = place.with_name("open_clip_pytorch_model.bin")
    other.write_bytes(b"x")
    assert find_weights("open_clip:ViT-L-14/laion2b_s32b_b82k") == str(other)
    folder = place_of("maskformer:swin-base-ade")
    folder.mkdir(parents=True)
    for name in ("model.safetensors", "config.json", "preprocessor_config.json"):
        (folder / name).write_bytes(b"x")
    assert find_weights("maskformer:swin-base-ade") == str(folder)
    file = place_of("hf://me/mine/x.pt")
    file.parent.mkdir(parents=True)
    file.write_bytes(b"x")
    assert find_weights("hf://me/mine/x.pt") == local_path("hf://me/mine/x.pt") == str(file)
    assert find_weights("hf://me/mine") == str(file.parent)


@pytest.mark.parametrize("name", ["hf://", "hf://me", "hf://me/", "hf://me/mine/../../x.pt"])
def test_no_hub_name(name):
    with pytest.raises(ValueError, match="hf://org/repo/file"):
        find_weights(name)
