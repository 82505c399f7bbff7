"""Downloads from a local server with cut connections, errors, wrong files and killed processes."""

import hashlib
import os
import shutil
import signal
import subprocess
import sys
import time

import pytest

from freecp_d2.checkpoint.checking import note_path, noted_digest
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


def test_a_file(url, target, content, digest):
    get(url, target, size=len(content), sha256=digest)
    assert target.read_bytes() == content
    assert names(target) == {"model.pt", note_path(target).name}
    assert noted_digest(target) == digest


def test_an_existing_file_stays(site, url, target):
    target.parent.mkdir(parents=True)
    target.write_bytes(b"mine")
    get(url, target)
    assert target.read_bytes() == b"mine"
    assert site.requests == []


class TestResuming:
    def test_resumes_where_the_connection_was_cut(self, site, url, target, content, digest):
        site.faults = [("cut", 1_000_000), ("cut", 500_000)]
        get(url, target, sha256=digest)
        assert target.read_bytes() == content
        ranges = [wanted for _, wanted in site.requests]
        assert ranges == [None, "bytes=1000000-", "bytes=1500000-"]

    def test_progress_resets_the_number_of_attempts(self, site, url, target, content):
        site.faults = [("cut", 300_000)] * 8
        get(url, target, retries=1)
        assert target.read_bytes() == content

    def test_a_later_call_resumes(self, site, url, target, content):
        site.faults = [("cut", 1_000_000), 503]
        with pytest.raises(ConnectionError, match="503"):
            get(url, target, retries=1)
        assert names(target) == {"model.pt.part", "model.pt.part.json"}
        get(url, target)
        assert target.read_bytes() == content
        assert site.requests[-1][1] == "bytes=1000000-"

    def test_another_version_is_downloaded_whole(self, site, url, target, content):
        """The ETag differs, so the server sends everything."""
        site.faults = [("cut", 1_000_000), 503]
        with pytest.raises(ConnectionError):
            get(url, target, retries=1)
        site.files["/model.pt"] = content[::-1]
        get(url, target)
        assert target.read_bytes() == content[::-1]

    def test_without_tag_and_hash_or_ranges_it_starts_again(
        self, site, url, target, content, digest
    ):
        site.tags = False
        site.faults = [("cut", 1_000_000)]
        get(url, target)
        assert target.read_bytes() == content
        assert [wanted for _, wanted in site.requests] == [None, None]
        target.unlink()
        site.ranges = False
        site.faults = [("cut", 1_000_000)]
        get(url, target, sha256=digest)
        assert target.read_bytes() == content

    def test_parts_that_do_not_match_the_hash(self, site, url, target, content, digest):
        site.tags = False
        target.parent.mkdir(parents=True)
        target.with_name("model.pt.part").write_bytes(content[::-1][:1_000_000])
        get(url, target, sha256=digest)
        assert target.read_bytes() == content
        assert [wanted for _, wanted in site.requests] == ["bytes=1000000-", None]

    def test_a_complete_or_too_long_part(self, site, url, target, content, digest):
        target.parent.mkdir(parents=True)
        part = target.with_name("model.pt.part")
        part.write_bytes(content)
        get(url, target, sha256=digest)
        assert target.read_bytes() == content
        assert len(site.requests) == 1
        target.unlink()
        part.write_bytes(content + b"more")
        get(url, target, sha256=digest)
        assert target.read_bytes() == content


class TestServers:
    def test_a_timeout(self, site, url, target):
        site.delay = 3.0
        with pytest.raises(ConnectionError, match="timed out"):
            get(url, target, retries=1, timeout=0.2)
        assert not target.exists()

    def test_passing_errors_are_retried(self, site, url, target, content):
        site.faults = [500, 503, 429]
        get(url, target)
        assert target.read_bytes() == content

    def test_lasting_errors_are_raised(self, site, url, target):
        site.faults = [500] * 9
        with pytest.raises(ConnectionError, match="500"):
            get(url, target, retries=2)
        assert len(site.requests) == 3
        with pytest.raises(ConnectionError, match=r"[Rr]efused"):
            get("http://127.0.0.1:9/model.pt", target, retries=1)

    def test_final_errors_are_not_retried(self, site, url, target):
        for status, error in [(404, FileNotFoundError), (403, PermissionError),
                              (401, PermissionError), (410, ConnectionError)]:  # fmt: skip
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
        get(url, target)
        assert target.read_bytes() == content
        assert noted_digest(target) == digest


class TestWrongFiles:
    def test_another_content(self, url, target, content):
        wrong = hashlib.sha256(b"another").hexdigest()
        with pytest.raises(ValueError, match=wrong) as raised:
            get(url, target, sha256=wrong)
        assert hashlib.sha256(content).hexdigest() in str(raised.value)
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

    def test_without_a_length_the_size_is_checked_at_the_end(self, site, url, target):
        site.chunked = True
        with pytest.raises(ValueError, match="expected 5"):
            get(url, target, size=5)
        assert not target.exists()

    def test_a_full_disk_is_refused_before_the_download(self, url, target, monkeypatch):
        usage = shutil.disk_usage(target.parents[2])._replace(free=1000)
        monkeypatch.setattr(shutil, "disk_usage", lambda _: usage)
        with pytest.raises(OSError, match=r"3000000.*1000.*FREECP_CACHE"):
            get(url, target)
        assert not target.exists()


FETCH = """
import sys
from pathlib import Path
from freecp_d2.checkpoint.download import download
download(sys.argv[1], Path(sys.argv[2]), sha256=sys.argv[3])
"""


def start(*arguments):
    env = os.environ | {"PYTHONWARNINGS": "ignore", "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-c", FETCH, *map(str, arguments)]
    return subprocess.Popen(command, cwd=ROOT, env=env, stderr=subprocess.PIPE, text=True)


class TestProcesses:
    def test_a_killed_download_is_resumed(self, site, url, target, content, digest):
        site.delay = 0.1
        process = start(url, target, digest)
        part = target.with_name("model.pt.part")
        deadline = time.monotonic() + 60
        while not (part.exists() and part.stat().st_size > 0) and time.monotonic() < deadline:
            time.sleep(0.02)
        process.send_signal(signal.SIGKILL)
        process.communicate()
        assert process.returncode == -signal.SIGKILL
        assert not target.exists()
        assert 0 < part.stat().st_size < len(content)
        site.delay = 0.0
        get(url, target, sha256=digest)
        assert target.read_bytes() == content
        assert site.requests[-1][1], "the lock is free and the bytes are used"

    def test_one_of_two_downloads_and_the_other_waits(self, site, url, target, content, digest):
        site.delay = 0.02
        both = [start(url, target, digest) for _ in range(2)]
        errors = [process.communicate(timeout=120)[1] for process in both]
        assert [process.returncode for process in both] == [0, 0], errors
        assert target.read_bytes() == content
        assert len(site.requests) == 1
