"""Downloads from a local server with cut connections, errors, wrong files and killed processes."""

import shutil
import signal
import subprocess
import sys
import time

import pytest

from freecp_d2.checkpoint.catalogue import note_path, noted_digest
from freecp_d2.checkpoint.download import download
from tests.helpers.command import ROOT


@pytest.fixture
def target(cache):
    return cache / "model.pt"


@pytest.fixture
def url(site, content):
    site.files["/model.pt"] = content
    return f"{site.url}/model.pt"


def names(target):
    return {path.name for path in target.parent.iterdir() if not path.name.endswith(".lock")}


def get(url, target, **options):
    download(url, target, **{"first_wait": 0.0, "timeout": 5.0} | options)


def test_a_file_is_downloaded_once(site, url, target, content, digest):
    get(url, target, size=len(content), sha256=digest)
    assert target.read_bytes() == content
    assert names(target) == {"model.pt", note_path(target).name}
    assert noted_digest(target) == digest
    target.write_bytes(b"mine")
    note_path(target).unlink()
    get(url, target)
    assert target.read_bytes() == b"mine"
    assert len(site.requests) == 1


class TestServers:
    def test_a_connection_that_is_cut(self, site, url, target, content, digest):
        site.faults = [("cut", 1_000_000), ("cut", 500_000)]
        get(url, target, sha256=digest)
        assert target.read_bytes() == content

    def test_passing_errors_are_retried_and_lasting_ones_raised(self, site, url, target, content):
        site.faults = [500] * 9
        with pytest.raises(ConnectionError, match="500"):
            get(url, target, retries=2)
        assert len(site.requests) == 3
        with pytest.raises(ConnectionError, match=r"[Rr]efused"):
            get("http://127.0.0.1:9/model.pt", target, retries=1)
        site.faults = [500, 503, 429]
        get(url, target)
        assert target.read_bytes() == content

    def test_a_timeout(self, site, url, target):
        site.delay = 1.0
        with pytest.raises(ConnectionError, match="timed out"):
            get(url, target, retries=1, timeout=0.2)
        assert not target.exists()

    def test_final_errors_are_not_retried(self, site, url, target):
        errors = {404: FileNotFoundError, 403: PermissionError, 401: PermissionError}
        for status, error in (errors | {410: ConnectionError}).items():
            site.requests.clear()
            site.faults = [status]
            with pytest.raises(error, match=str(status)):
                get(url, target)
            assert len(site.requests) == 1

    def test_an_unknown_host_is_not_retried(self, target):
        start = time.monotonic()
        with pytest.raises(ConnectionError, match=r"host\.invalid"):
            download("http://host.invalid/model.pt", target, first_wait=60.0)
        assert time.monotonic() - start < 30

    def test_no_content_length_and_no_published_hash(self, site, url, target, content, digest):
        site.chunked = True
        with pytest.raises(ValueError, match="expected 5"):
            get(url, target, size=5)
        assert not target.exists()
        get(url, target)
        assert target.read_bytes() == content
        assert noted_digest(target) == digest


class TestWrongFiles:
    def test_another_content(self, url, target, content, digest):
        with pytest.raises(ValueError, match=f"{digest}.*{'0' * 64}"):
            get(url, target, sha256="0" * 64)
        assert names(target) == {"model.pt.rejected"}
        assert target.with_name("model.pt.rejected").read_bytes() == content

    def test_another_size_is_refused_before_the_download(self, site, url, target):
        site.types["/model.pt"] = "text/html"
        with pytest.raises(ValueError, match=r"3000000 bytes \(text/html\).*350837078"):
            get(url, target, size=350_837_078)
        assert names(target) == set()

    def test_fewer_bytes_than_announced(self, site, url, target):
        site.faults = [("length", 4_000_000)] * 9
        with pytest.raises(ConnectionError, match="cut after 3000000 of 4000000"):
            get(url, target, retries=0)

    def test_a_full_disk_is_refused_before_the_download(self, url, target, monkeypatch):
        usage = shutil.disk_usage(target.parents[2])._replace(free=1000)
        monkeypatch.setattr(shutil, "disk_usage", lambda _: usage)
        with pytest.raises(OSError, match=r"3000000.*1000.*FREECP_CACHE"):
            get(url, target)
        assert not target.exists()

    def test_what_a_killed_run_left_takes_no_space(self, url, target, monkeypatch):
        part = target.with_name("model.pt.part")
        part.parent.mkdir(parents=True, exist_ok=True)
        part.write_bytes(bytes(1000))
        usage = shutil.disk_usage(part.parent)
        free = lambda _: usage._replace(free=0 if part.exists() else 10**12)  # noqa: E731
        monkeypatch.setattr(shutil, "disk_usage", free)
        get(url, target)
        assert target.exists()


FETCH = """
import sys, types
from pathlib import Path
for name in ("freecp_d2", "freecp_d2.checkpoint"):  # their imports take seconds
    sys.modules[name] = types.ModuleType(name)
    sys.modules[name].__path__ = [name.replace(".", "/")]
from freecp_d2.checkpoint.download import download
download(sys.argv[1], Path(sys.argv[2]), sha256=sys.argv[3])
"""


def test_processes_share_a_download(site, url, target, content, digest):
    """One of two waits for the other; a killed one leaves no lock and no file."""

    def start():
        command = [sys.executable, "-W", "ignore", "-c", FETCH, url, str(target), digest]
        return subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, text=True)

    site.delay = 0.1
    process = start()
    deadline = time.monotonic() + 60
    while not target.with_name("model.pt.part").exists() and time.monotonic() < deadline:
        time.sleep(0.02)
    process.kill()
    process.communicate()
    assert process.returncode == -signal.SIGKILL
    assert names(target) == {"model.pt.part"}
    site.delay = 0.02
    site.requests.clear()
    both = [start() for _ in range(2)]
    errors = [process.communicate(timeout=120)[1] for process in both]
    assert [process.returncode for process in both] == [0, 0], errors
    assert target.read_bytes() == content
    assert len(site.requests) == 1
