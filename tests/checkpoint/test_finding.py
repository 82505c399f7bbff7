"""Weights by catalogue name, path and URL, and the messages if they cannot be found."""

import os
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from freecp_d2 import d2
from freecp_d2.checkpoint import catalogue, download, find_weights, finding, weights_dir
from freecp_d2.checkpoint.catalogue import embedded_weights, note_path, noted_digest
from freecp_d2.checkpoint.finding import local_path, place_of

ENTRY, DINO = "clip:ViT-B/16", "dino:vits8"


@pytest.fixture
def use(monkeypatch):
    """A function that changes the fields of a row of the catalogue."""

    def change(name, **fields):
        rows = dict(catalogue.load_catalogue())
        rows[name] = replace(rows[name], **fields)
        for module in (finding, catalogue):
            monkeypatch.setattr(module, "load_catalogue", lambda: rows)
        return rows[name]

    return change


@pytest.fixture
def entry(site, content, digest, use):
    """The row of `ENTRY`, with the test server as its source."""
    site.files["/ViT-B-16.pt"] = content
    return use(ENTRY, url=f"{site.url}/ViT-B-16.pt", size=len(content), sha256=digest)


@pytest.fixture
def dino(site, content, use):
    """A row without a published hash, with the test server as its source."""
    site.files["/dino.pth"] = content
    return use(DINO, url=f"{site.url}/dino.pth")


class TestNames:
    def test_a_file_is_downloaded_once_and_checked_later(self, site, entry, cache, content, digest):
        path = cache / "ViT-B-16.pt"
        assert find_weights(ENTRY) == str(path) == local_path(ENTRY) == find_weights(ENTRY)
        assert path.read_bytes() == content
        assert len(site.requests) == 1
        path.write_bytes(content[::-1])
        with pytest.raises(ValueError, match=f"expected {digest} .published"):
            find_weights(ENTRY)
        assert path.read_bytes() == content[::-1]

    def test_the_file_in_the_package(self):
        assert find_weights("clip:storybook") == embedded_weights() == local_path("clip:storybook")

    def test_the_caches_of_other_programs(self, site, entry, dino, content, tmp_path, monkeypatch):
        monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))
        there = tmp_path / "torch/hub/checkpoints/dino.pth"
        there.parent.mkdir(parents=True)
        there.write_bytes(content)
        assert find_weights(DINO) == str(there)
        there = tmp_path / "home/.cache/clip/ViT-B-16.pt"
        there.parent.mkdir(parents=True)
        there.write_bytes(content)
        assert find_weights(ENTRY) == str(there) == local_path(ENTRY)
        assert site.requests == []
        assert os.listdir(there.parent) == ["ViT-B-16.pt"], "nothing is written to that folder"
        there.write_bytes(b"x" * entry.size)
        with pytest.raises(ValueError, match=f"expected {entry.sha256}"):
            find_weights(ENTRY)
        assert there.exists()

    def test_a_file_brought_by_hand(self, site, entry, cache, content, digest, monkeypatch):
        cache.mkdir(parents=True)
        path = cache / "ViT-B-16.pt"
        path.write_bytes(content[:100])
        with pytest.raises(ValueError, match=f"100 bytes, expected {entry.size}"):
            find_weights(ENTRY)
        assert path.stat().st_size == 100
        path.write_bytes(content)
        with monkeypatch.context() as patch:  # a cache that can only be read

            def refuse(*_):
                raise PermissionError(13, "read only", str(cache))

            patch.setattr("freecp_d2.checkpoint.catalogue.write_whole", refuse)
            assert find_weights(ENTRY) == str(path)
            patch.setattr("freecp_d2.checkpoint.catalogue.file_digest", pytest.fail)
            assert find_weights(ENTRY) == str(path)  # hashed once a process
            assert noted_digest(path) == ""
        assert find_weights(ENTRY) == str(path)
        assert site.requests == []
        assert noted_digest(path) == digest

    def test_without_a_published_hash_the_first_download_counts(self, dino, cache, content, digest):
        path = cache / "dino.pth"
        assert find_weights(DINO) == str(path)
        assert noted_digest(path) == digest
        path.write_bytes(content[::-1])
        with pytest.raises(ValueError, match=rf"expected {digest} .*dino\.pth\.checked"):
            find_weights(DINO)
        note_path(path).unlink()
        assert find_weights(DINO) == str(path)


class TestWithoutNetwork:
    def test_the_message_says_what_to_bring_where(self, cache, use, monkeypatch):
        monkeypatch.setattr(download, "download", partial(download.download, first_wait=0.0))
        row = use(ENTRY, url="http://127.0.0.1:9/ViT-B-16.pt")
        with pytest.raises(ConnectionError) as raised:
            find_weights(ENTRY)
        for fact in (ENTRY, row.url, "350.8 MB", row.sha256, str(cache / "ViT-B-16.pt"), "refused"):
            assert fact in str(raised.value)
        assert not (cache / "ViT-B-16.pt").exists()
        use(DINO, url="http://127.0.0.1:9/x.pth")
        with pytest.raises(ConnectionError, match=r"size unknown.*not published"):
            find_weights(DINO)

    def test_errors_of_the_server(self, site, entry):
        site.faults = [403]
        with pytest.raises(PermissionError, match=rf"403.*{entry.url}"):
            find_weights(ENTRY)
        site.files.clear()
        with pytest.raises(FileNotFoundError, match="404"):
            find_weights(ENTRY)


class TestPaths:
    def test_a_file_a_folder_and_home(self, tmp_path):
        home = tmp_path / "home"
        home.mkdir()
        (home / "x.pt").write_bytes(b"")
        for name in (f"{home}/x.pt", "~/x.pt", f"file://{home}/x.pt"):
            assert find_weights(name) == f"{home}/x.pt"
        assert find_weights(str(home)) == str(home)

    def test_nothing_there(self):
        for name in ("", "nowhere.pt", "clip:ViT-B-16", "~/nowhere.pt"):
            with pytest.raises(FileNotFoundError, match=rf'"{name}".*weights list'):
                find_weights(name)
        with pytest.raises(FileNotFoundError, match=r"clip:ViT-B/16"):
            find_weights("clip:ViT-B-16")
        with pytest.raises(FileNotFoundError, match=r"/x/y\.pt"):
            place_of("/x/y.pt")

    def test_other_schemes_go_to_the_path_manager(self, monkeypatch):
        asked = []
        monkeypatch.setattr(d2.PathManager, "get_local_path", asked.append)
        find_weights("detectron2://x/model.pkl")
        assert asked == ["detectron2://x/model.pkl"]


class TestURLs:
    def test_a_file(self, site, cache, content):
        site.files["/a/b/x.pt"] = content
        path = find_weights(f"{site.url}/a/b/x.pt")
        host = site.url.removeprefix("http://").replace(":", "_")
        assert path == str(cache / "urls" / host / "a/b/x.pt") == local_path(f"{site.url}/a/b/x.pt")
        assert Path(path).read_bytes() == content

    def test_a_hash_behind_it(self, site, content, digest):
        site.files["/x.pt"] = content
        find_weights(f"{site.url}/x.pt#sha256={digest.upper()}")
        with pytest.raises(ValueError, match="0" * 64):
            find_weights(f"{site.url}/x.pt#sha256={'0' * 64}")
        with pytest.raises(ValueError, match="sha256="):
            find_weights(f"{site.url}/x.pt#md5=12")

    def test_the_file_stays_in_the_cache(self, cache):
        assert place_of("http://host/../../x.pt").is_relative_to(cache)
        assert place_of("http://host/").is_relative_to(cache)


def test_the_default_folder(monkeypatch, tmp_path):
    monkeypatch.delenv("FREECP_CACHE")
    assert weights_dir() == tmp_path / "home/.cache/freecp_d2/weights"
