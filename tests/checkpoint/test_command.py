"""`python -m freecp_d2.weights`: what it prints, and its exit codes."""

import os
from dataclasses import replace

import pytest

from freecp_d2.apps import weights as command
from freecp_d2.checkpoint import catalogue, find_weights, finding
from tests.helpers.command import in_process

ROW = "clip:ViT-B/16"


@pytest.fixture(autouse=True)
def rows(site, content, digest, monkeypatch):
    """A catalogue of two files on the test server, one in the package and one on the hub."""
    site.files |= {"/ViT-B-16.pt": content, "/dino.pth": content}
    known = catalogue.load_catalogue()
    chosen = [
        known["clip:storybook"],
        replace(known[ROW], url=f"{site.url}/ViT-B-16.pt", size=len(content), sha256=digest),
        replace(known["dino:vits8"], url=f"{site.url}/dino.pth"),
        known["maskformer:swin-base-ade"],
    ]
    found = {row.name: row for row in chosen}
    for module in (command, catalogue, finding):
        monkeypatch.setattr(module, "load_catalogue", lambda: found)
    return found


@pytest.fixture
def say(capsys):
    return in_process(command.main, capsys)


def test_list_shows_every_row_and_what_is_here(say, rows):
    for is_here in (False, True):
        code, out, _ = say("list")
        assert code == 0
        for fact in (*rows, "MIT", "about 87", "hf://facebook/maskformer", "not published"):
            assert fact in out
        [line] = [line for line in out.splitlines() if line.startswith(ROW)]
        assert line.endswith("yes") == is_here
        find_weights(ROW)


def test_fetch_goes_on_after_a_failure(say, site, cache):
    code, out, err = say("fetch", ROW, "clip:ViT-B-16", "dino:vits8")
    assert code == 1
    assert f"{ROW}: {cache / 'ViT-B-16.pt'}" in out
    assert "clip:ViT-B/16" in err
    assert (cache / "dino.pth").is_file()
    (cache / "ViT-B-16.pt").unlink()
    del site.files["/ViT-B-16.pt"]
    code, out, err = say("fetch", ROW, "dino:vits8")
    assert (code, ROW in out, "dino.pth" in out) == (1, False, True)
    assert "404" in err
    assert "Traceback" not in err


class TestVerify:
    def test_all_that_are_here(self, say):
        assert say("fetch", ROW)[0] == 0
        code, out, _ = say("verify")
        found = [line.split(";")[0] for line in out.splitlines()]
        assert (code, found) == (0, ["clip:storybook: OK", f"{ROW}: OK"])

    def test_damage_that_size_and_time_do_not_show(self, say, cache, content, digest):
        """`find_weights` trusts the stored hash; `verify` reads the file."""
        path = cache / "ViT-B-16.pt"
        find_weights(ROW)
        status = path.stat()
        path.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
        os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
        assert find_weights(ROW) == str(path)
        code, out, _ = say("verify", ROW)
        assert (code, f"{ROW}: WRONG" in out, digest in out) == (1, True, True)

    def test_missing(self, say):
        code, out, _ = say("verify", ROW)
        assert (code, out) == (1, f"{ROW}: MISSING; `fetch {ROW}` downloads it\n")

    def test_a_path(self, say, tmp_path, content, digest):
        path = tmp_path / "mine.pt"
        path.write_bytes(content)
        code, out, _ = say("verify", str(path))
        assert (code, out) == (0, f"{path}: OK; {ROW}, SHA-256 {digest}\n")
        path.write_bytes(b"else")
        code, out, _ = say("verify", str(path))
        assert (code, "no hash to compare it with" in out) == (0, True)
        path = path.rename(tmp_path / "ViT-B-16.pt")  # the name of a row's file
        code, out, _ = say("verify", str(path))
        assert (code, "4 bytes, expected 3000000" in out) == (1, True)

    def test_hub_files_brought_by_hand(self, say, cache):
        folder = cache / "huggingface/facebook/maskformer-swin-base-ade"
        folder.mkdir(parents=True)
        for name in ("model.safetensors", "config.json", "preprocessor_config.json"):
            (folder / name).write_bytes(b"x")
        code, out, _ = say("verify", "maskformer:swin-base-ade")
        assert (code, "HERE, with no hash" in out) == (0, True)


def test_where(say, cache, site):
    code, out, err = say("where", ROW)
    assert (code, out) == (1, "")
    assert str(cache / "ViT-B-16.pt") in err
    assert f"{site.url}/ViT-B-16.pt" in err
    code, _, err = say("where", "nothing")
    assert code == 1
    assert "nothing" in err
    find_weights(ROW)
    assert say("where", ROW) == (0, f"{cache / 'ViT-B-16.pt'}\n", "")
    assert say("where", "clip:storybook")[1].strip().endswith("storybook_clip.safetensors")
