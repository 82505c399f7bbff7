"""A local server, and a cache and home folder of each test."""

import hashlib

import numpy as np
import pytest

from .site import Site, handler_of, serve


@pytest.fixture
def site():
    found = Site()
    with serve(handler_of(found)) as found.url:
        yield found


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    """`weights_dir()` of this test; the user's own caches are hidden."""
    monkeypatch.setenv("FREECP_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.delenv("TORCH_HOME", raising=False)
    for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path / "cache" / "weights"


@pytest.fixture(scope="session")
def content() -> bytes:
    """Three megabytes of random bytes."""
    return np.random.default_rng(0).bytes(3_000_000)


@pytest.fixture(scope="session")
def digest(content) -> str:
    return hashlib.sha256(content).hexdigest()
