"""Downloads over a real connection that fails in every way that lines and servers fail in."""

import hashlib
import os
import shutil
import signal
import subprocess
import sys
import time

import pytest

from freecp_d2.checkpoint import transfer
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


def test_an_empty_cache_folder_is_made_and_an_existing_file_stays(site, url, target):
    target.parent.mkdir(parents=True)
    target.write_bytes(b"mine")
    get(url, target)
    assert target.read_bytes() == b"mine"
    assert site.requests == []


def test_without_a_published_hash_the_first_one_is_noted(url, target, digest):
    get(url, target)
    assert noted_digest(target) == digest


class TestResuming:
    def test_goes_on_where_the_line_was_cut(self, site, url, target, content, digest):
        site.faults = [("cut", 1_000_000), ("cut", 500_000)]
        get(url, target, sha256=digest)
        assert target.read_bytes() == content
        ranges = [wanted for _, wanted in site.requests]
        assert ranges == [None, "bytes=1000000-", "bytes=1500000-"]

    def test_progress_starts_the_count_of_attempts_anew(self, site, url, target, content):
        site.faults = [("cut", 300_000)] * 8
        get(url, target, retries=1)
        assert target.read_bytes() == content

    def test_a_later_process_goes_on(self, site, url, target, content):
        site.faults = [("cut", 1_000_000), 503]
        with pytest.raises(ConnectionError, match="503"):
            get(url, target, retries=1)
        assert names(target) == {"model.pt.part", "model.pt.part.json"}
        get(url, target)
        assert target.read_bytes() == content
        assert site.requests[-1][1] == "bytes=1000000-"

    def test_not_into_another_version(self, site, url, target, content):
        """The server has replaced the file: its tag differs, so all of it comes."""
        site.faults = [("cut", 1_000_000), 503]
        with pytest.raises(ConnectionError):
            get(url, target, retries=1)
        site.files["/model.pt"] = content[::-1]
        get(url, target)
        assert target.read_bytes() == content[::-1]

    def test_not_without_a_sign_that_it_is_the_same(self, site, url, target, content):
        """No tag and no hash: nothing tells whether the rest belongs to what came."""
        site.tags = False
        site.faults = [("cut", 1_000_000)]
        get(url, target)
        assert target.read_bytes() == content
        assert [wanted for _, wanted in site.requests] == [None, None]

    def test_of_another_version_by_hash(self, site, url, target, content, digest):
        """Neither tag nor the same file, but a hash: pieces that do not fit are fetched again."""
        site.tags = False
        target.parent.mkdir(parents=True)
        target.with_name("model.pt.part").write_bytes(content[::-1][:1_000_000])
        get(url, target, sha256=digest)
        assert target.read_bytes() == content
        assert [wanted for _, wanted in site.requests] == ["bytes=1000000-", None]

    def test_a_server_that_gives_no_parts(self, site, url, target, content, digest):
        site.ranges = False
        site.faults = [("cut", 1_000_000)]
        get(url, target, sha256=digest)
        assert target.read_bytes() == content

    def test_all_had_come_but_the_name(self, site, url, target, content, digest):
        target.parent.mkdir(parents=True)
        target.with_name("model.pt.part").write_bytes(content)
        get(url, target, sha256=digest)
        assert target.read_bytes() == content
        assert len(site.requests) == 1

    def test_more_had_come_than_there_is(self, site, url, target, content, digest):
        target.parent.mkdir(parents=True)
        target.with_name("model.pt.part").write_bytes(content + b"more")
        get(url, target, sha256=digest)
        assert target.read_bytes() == content


class TestServers:
    def test_slow(self, site, url, target, content):
        site.delay = 0.01
        get(url, target)
        assert target.read_bytes() == content

    def test_too_slow(self, site, url, target):
        site.delay = 3.0
        with pytest.raises(ConnectionError, match="timed out"):
            get(url, target, retries=1, timeout=0.2)
        assert not target.exists()

    def test_broken_then_well(self, site, url, target, content):
        site.faults = [500, 503, 429]
        get(url, target)
        assert target.read_bytes() == content

    def test_broken(self, site, url, target):
        site.faults = [500] * 9
        with pytest.raises(ConnectionError, match="500"):
            get(url, target, retries=2)
        assert len(site.requests) == 3

    @pytest.mark.parametrize(
        ("status", "error"),
        [(404, FileNotFoundError), (403, PermissionError), (401, PermissionError)],
    )
    def test_what_no_retry_helps(self, site, url, target, status, error):
        site.faults = [status]
        with pytest.raises(error, match=str(status)):
            get(url, target)
        assert len(site.requests) == 1

    def test_nobody_listens(self, target):
        with pytest.raises(ConnectionError, match=r"[Rr]efused"):
            get("http://127.0.0.1:9/model.pt", target, retries=1)

    def test_no_such_host_is_said_at_once(self, target):
        start = time.monotonic()
        with pytest.raises(ConnectionError, match=r"host\.invalid"):
            download("http://host.invalid/model.pt", target, first_wait=60.0)
        assert time.monotonic() - start < 30

    def test_without_a_length(self, site, url, target, content):
        site.chunked = True
        get(url, target)
        assert target.read_bytes() == content


class TestWrongFiles:
    def test_another_content(self, url, target, content):
        wrong = hashlib.sha256(b"another").hexdigest()
        with pytest.raises(ValueError, match=wrong) as raised:
            get(url, target, sha256=wrong)
        assert hashlib.sha256(content).hexdigest() in str(raised.value)
        assert names(target) == {"model.pt.rejected"}, "nothing that is used, nothing deleted"
        assert target.with_name("model.pt.rejected").read_bytes() == content

    def test_another_length_is_seen_before_the_download(self, site, url, target):
        site.types["/model.pt"] = "text/html"
        with pytest.raises(ValueError, match=r"3000000 bytes \(text/html\), expected 350837078"):
            get(url, target, size=350_837_078)
        assert names(target) == set()

    def test_more_is_announced_than_comes(self, site, url, target):
        site.faults = [("length", 4_000_000)] * 9
        with pytest.raises(ConnectionError, match="cut after 3000000 of 4000000"):
            get(url, target, retries=0)

    def test_without_a_length_the_size_is_checked_afterwards(self, site, url, target):
        site.chunked = True
        with pytest.raises(ValueError, match="expected 5"):
            get(url, target, size=5)
        assert not target.exists()

    def test_a_full_disk_is_seen_before_the_download(self, url, target, monkeypatch):
        usage = shutil.disk_usage(target.parents[2])._replace(free=1000)
        monkeypatch.setattr(transfer.shutil, "disk_usage", lambda _: usage)
        with pytest.raises(OSError, match=r"3000000 bytes more, 1000 are free.*FREECP_CACHE"):
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
    def test_killed_half_way(self, site, url, target, content, digest):
        site.delay = 0.1
        process = start(url, target, digest)
        part = target.with_name("model.pt.part")
        deadline = time.monotonic() + 60
        while not (part.exists() and part.stat().st_size > 0) and time.monotonic() < deadline:
            time.sleep(0.02)
        process.send_signal(signal.SIGKILL)
        process.communicate()
        assert process.returncode == -signal.SIGKILL
        assert not target.exists(), "no half file under the name that is used"
        assert 0 < part.stat().st_size < len(content)
        site.delay = 0.0
        get(url, target, sha256=digest)
        assert target.read_bytes() == content
        assert site.requests[-1][1], "the dead process's lock is free, and its bytes are used"

    def test_two_at_once(self, site, url, target, content, digest):
        site.delay = 0.02
        both = [start(url, target, digest) for _ in range(2)]
        errors = [process.communicate(timeout=120)[1] for process in both]
        assert [process.returncode for process in both] == [0, 0], errors
        assert target.read_bytes() == content
        assert len(site.requests) == 1, "one fetched it, the other waited"
