"""Find an installed Chromium, and run the real `demo/web.py` on a local port."""

import os
import re
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlparse

ROOT = Path(__file__).parents[3]
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
STARTING = 240  # seconds, on a machine that is busy with other tests


def find_browser() -> str | None:
    """$FREECP_BROWSER, or the first Chromium or Chrome on the path."""
    named = os.environ.get("FREECP_BROWSER")
    return named or next(filter(None, map(shutil.which, NAMES)), None)


@contextmanager
def web_page(log: Path, *options: str) -> Iterator[str]:
    """Start the page on a free port and yield its address; its output goes to `log`."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = str(listener.getsockname()[1])
    command = [sys.executable, "-u", "demo/web.py", "--port", port, *options]
    temporary = log.parent / "temporary"
    temporary.mkdir()
    env = os.environ | {"OMP_NUM_THREADS": "1", "TMPDIR": str(temporary)}
    with log.open("w") as output:
        process = subprocess.Popen(command, cwd=ROOT, env=env, stdout=output, stderr=output)
    try:
        yield _address(process, log)
    finally:
        process.terminate()
        process.wait(60)
    assert [*temporary.glob("freecp_web_*")] == [], "uploads were not deleted"


def _address(process: subprocess.Popen, log: Path) -> str:
    end = time.monotonic() + STARTING
    while time.monotonic() < end and process.poll() is None:
        if found := re.search(r"The page is at (http://\S+)", log.read_text()):
            return found[1]
        time.sleep(0.1)
    raise RuntimeError(f"the page did not start: {log.read_text()}")


def is_elsewhere(url: str, address: str) -> bool:
    """Whether a URL is on another host than the page."""
    parts = urlparse(url)
    return parts.scheme not in ("data", "blob") and parts.netloc != urlparse(address).netloc
