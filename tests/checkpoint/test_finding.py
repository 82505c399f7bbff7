"""From what a user writes to a file: names, paths, URLs; and what is said when there is none."""

import os
from dataclasses import replace
from pathlib import Path

import pytest

from freecp_d2.checkpoint import catalogue, download, find_weights, finding, weights_dir
from freecp_d2.checkpoint.checking import note_path, noted_digest
from freecp_d2.checkpoint.embedded import embedded_weights
from freecp_d2.checkpoint.finding import local_path, place_of

ENTRY = "clip:ViT-B/16"


@pytest.fixture
def entry(site, content, digest, monkeypatch):
    """The row of `ENTRY`, with the server of the test as its source."""
    site.files["/models/ViT-B-16.pt"] = content
    row = replace(
        catalogue.load_catalogue()[ENTRY],
        url=f"{site.url}/models/ViT-B-16.pt",
        size=len(content),
        sha256=digest,
    )
    return use(monkeypatch, row)


def use(monkeypatch, row):
    rows = {**catalogue.load_catalogue(), row.name: row}
    for module in (finding, catalogue):
        monkeypatch.setattr(module, "load_catalogue", lambda: rows)
    return row


@pytest.fixture
def impatient(monkeypatch):
    """Attempts follow one another at once."""
    fetch = download.download

    def quick(*arguments, **options):
        fetch(*arguments, **{"first_wait": 0.0} | options)

    monkeypatch.setattr(finding, "download", quick)


class TestNames:
    def test_a_download_into_the_cache(self, entry, cache, content):
        path = find_weights(ENTRY)
        assert path == str(cache / "ViT-B-16.pt") == local_path(ENTRY)
        assert (cache / "ViT-B-16.pt").read_bytes() == content

    def test_is_done_once(self, site, entry):
        assert find_weights(ENTRY) == find_weights(ENTRY)
        assert len(site.requests) == 1

    def test_the_one_in_the_package(self):
        assert find_weights("clip:storybook") == embedded_weights() == local_path("clip:storybook")

    def test_what_openais_library_downloaded_is_used(self, site, entry, content, tmp_path):
        there = tmp_path / "home/.cache/clip/ViT-B-16.pt"
        there.parent.mkdir(parents=True)
        there.write_bytes(content)
        assert find_weights(ENTRY) == str(there) == local_path(ENTRY)
        assert site.requests == []
        assert os.listdir(there.parent) == ["ViT-B-16.pt"], "another program's folder"

    def test_but_not_if_it_is_another(self, entry, tmp_path):
        there = tmp_path / "home/.cache/clip/ViT-B-16.pt"
        there.parent.mkdir(parents=True)
        there.write_bytes(b"x" * entry.size)
        with pytest.raises(ValueError, match=f"expected {entry.sha256}"):
            find_weights(ENTRY)
        assert there.exists()

    def test_what_torch_hub_downloaded_is_used(self, site, monkeypatch, tmp_path, content):
        row = replace(catalogue.load_catalogue()["dino:vits8"], url=f"{site.url}/dino.pth")
        use(monkeypatch, row)
        monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))
        there = tmp_path / "torch/hub/checkpoints/dino.pth"
        there.parent.mkdir(parents=True)
        there.write_bytes(content)
        assert find_weights("dino:vits8") == str(there)

    def test_brought_by_hand(self, site, entry, cache, content, digest):
        cache.mkdir(parents=True)
        (cache / "ViT-B-16.pt").write_bytes(content)
        assert find_weights(ENTRY) == str(cache / "ViT-B-16.pt")
        assert site.requests == []
        assert noted_digest(cache / "ViT-B-16.pt") == digest

    def test_half_brought_by_hand(self, entry, cache, content):
        cache.mkdir(parents=True)
        (cache / "ViT-B-16.pt").write_bytes(content[:100])
        with pytest.raises(ValueError, match=f"has 100 bytes, expected {entry.size}"):
            find_weights(ENTRY)
        assert (cache / "ViT-B-16.pt").stat().st_size == 100

    def test_changed_afterwards(self, entry, cache, content, digest):
        path = cache / "ViT-B-16.pt"
        find_weights(ENTRY)
        path.write_bytes(content[::-1])
        with pytest.raises(ValueError, match=f"expected {digest} .published.*Nothing was deleted"):
            find_weights(ENTRY)
        assert path.read_bytes() == content[::-1]

    def test_without_a_published_hash_the_first_download_counts(
        self, site, monkeypatch, cache, content, digest
    ):
        site.files["/dino.pth"] = content
        row = replace(catalogue.load_catalogue()["dino:vits8"], url=f"{site.url}/dino.pth")
        use(monkeypatch, row)
        path = cache / "dino.pth"
        assert find_weights("dino:vits8") == str(path)
        assert noted_digest(path) == digest
        path.write_bytes(content[::-1])
        with pytest.raises(ValueError, match=rf"expected {digest} \(noted in dino\.pth\.checked"):
            find_weights("dino:vits8")
        note_path(path).unlink()
        assert find_weights("dino:vits8") == str(path), "who removes the note means it"

    def test_a_cache_that_can_only_be_read(self, entry, cache, content, monkeypatch):
        cache.mkdir(parents=True)
        (cache / "ViT-B-16.pt").write_bytes(content)

        def refuse(*_):
            raise PermissionError(13, "read only", str(cache))

        monkeypatch.setattr("freecp_d2.checkpoint.checking.write_whole", refuse)
        assert find_weights(ENTRY) == str(cache / "ViT-B-16.pt")


class TestWithoutNetwork:
    def test_says_what_to_bring_where(self, monkeypatch, cache, impatient):
        row = replace(catalogue.load_catalogue()[ENTRY], url="http://127.0.0.1:9/ViT-B-16.pt")
        use(monkeypatch, row)
        with pytest.raises(ConnectionError) as raised:
            find_weights(ENTRY)
        message = str(raised.value)
        for fact in (ENTRY, row.url, "350.8 MB", row.sha256, str(cache / "ViT-B-16.pt"), "refused"):
            assert fact in message
        assert not (cache / "ViT-B-16.pt").exists()

    def test_what_is_not_published_is_said(self, monkeypatch, impatient):
        row = replace(catalogue.load_catalogue()["dino:vits8"], url="http://127.0.0.1:9/x.pth")
        use(monkeypatch, row)
        with pytest.raises(ConnectionError, match="size unknown, SHA-256 not published"):
            find_weights("dino:vits8")

    def test_a_server_that_forbids(self, site, entry):
        site.faults = [403]
        with pytest.raises(PermissionError, match=r"403.*Bring "):
            find_weights(ENTRY)

    def test_a_server_that_has_it_no_more(self, site, entry):
        site.files.clear()
        with pytest.raises(FileNotFoundError, match="404"):
            find_weights(ENTRY)


class TestPaths:
    def test_a_file_a_folder_and_home(self, tmp_path):
        home = tmp_path / "home"
        home.mkdir()
        (home / "x.pt").write_bytes(b"")
        assert find_weights(str(home / "x.pt")) == str(home / "x.pt")
        assert find_weights("~/x.pt") == str(home / "x.pt")
        assert find_weights(f"file://{home}/x.pt") == str(home / "x.pt")
        assert find_weights(str(home)) == str(home)

    @pytest.mark.parametrize("name", ["", "nowhere.pt", "clip:ViT-B-16", "~/nowhere.pt"])
    def test_nothing_there(self, name):
        with pytest.raises(FileNotFoundError, match=r"neither a file nor a name.*weights list"):
            find_weights(name)

    def test_the_nearest_name(self):
        with pytest.raises(FileNotFoundError, match=r"near: clip:ViT-B/16"):
            find_weights("clip:ViT-B-16")

    def test_another_scheme_is_the_path_managers(self, monkeypatch, tmp_path):
        asked = []
        monkeypatch.setattr(finding.PathManager, "get_local_path", asked.append)
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
        with pytest.raises(ValueError, match="published"):
            find_weights(f"{site.url}/x.pt#sha256={'0' * 64}")

    def test_something_else_behind_it(self, site):
        with pytest.raises(ValueError, match="only sha256="):
            find_weights(f"{site.url}/x.pt#md5=12")

    def test_stays_in_the_cache(self, cache):
        assert place_of("http://host/../../x.pt").is_relative_to(cache)
        assert place_of("http://host/").is_relative_to(cache)


def test_the_folder(monkeypatch, tmp_path):
    monkeypatch.delenv("FREECP_CACHE")
    assert weights_dir() == tmp_path / "home/.cache/freecp_d2/weights"


def test_no_place_for_a_path():
    with pytest.raises(FileNotFoundError, match="neither"):
        place_of("/x/y.pt")
