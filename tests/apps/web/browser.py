"""Find an installed Chromium, run the real `demo/web.py` on a local port, and a proxy before it."""

import http.client
import os
import re
import shutil
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
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
    """
    Start the page with a fast model on a free port and yield its address; its output goes to `log`,
    and the programs that it starts, after it is ready, to `programs.txt` beside it.
    """
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = str(listener.getsockname()[1])
    command = [sys.executable, "-u", "demo/web.py", "--port", port, *options]
    command += ["--opts", "MODEL.TEXT.TEMPLATES", "simple", "INPUT.MIN_SIZE_TEST", "144"]
    temporary = log.parent / "temporary"
    temporary.mkdir()
    programs = log.parent / "programs.txt"
    paths = [str(ROOT / "tests/helpers/audit"), str(ROOT), os.environ.get("PYTHONPATH", "")]
    env = os.environ | {
        "TMPDIR": str(temporary),
        "AUDIT_LOG": str(programs),
        "PYTHONPATH": os.pathsep.join(filter(None, paths)),
    }
    with log.open("w") as output:
        process = subprocess.Popen(command, cwd=ROOT, env=env, stdout=output, stderr=output)
    try:
        address = _address(process, log)
        programs.write_text("")
        yield address
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


class _StripPrefix(BaseHTTPRequestHandler):
    """A reverse proxy that shows `server.target` under `server.prefix`, as nginx does."""

    protocol_version = "HTTP/1.0"  # a connection ends with its answer, whose length may be unknown

    def do_GET(self) -> None:
        path, prefix = self.path, self.server.prefix
        if not path.startswith(f"{prefix}/"):
            self.send_error(404, f"only {prefix} is here")
            return
        length = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(length) if length else None
        upstream = http.client.HTTPConnection(self.server.target, timeout=120)
        headers = dict(self.headers.items()) | self.server.headers(self)
        upstream.request(self.command, path.removeprefix(prefix), body, headers)
        answer = upstream.getresponse()
        self.send_response(answer.status)
        for name, value in answer.getheaders():
            if name.lower() not in ("connection", "transfer-encoding", "date", "server"):
                self.send_header(name, value)
        self.end_headers()
        with suppress(http.client.HTTPException, OSError):  # an end of either side
            while self.command != "HEAD" and (part := answer.read1(65536)):
                self.wfile.write(part)  # server-sent events come one at a time
                self.wfile.flush()
        upstream.close()

    do_POST = do_HEAD = do_GET  # noqa: N815 - names of http.server

    def log_message(self, *_: object) -> None:
        """Nothing."""


@contextmanager
def behind_proxy(page: str, prefix: str) -> Iterator[str]:
    """Show a page under a prefix of another port; yields the address of that port."""
    proxy = ThreadingHTTPServer(("127.0.0.1", 0), _StripPrefix)
    address = f"127.0.0.1:{proxy.server_port}"
    proxy.target, proxy.prefix = urlparse(page).netloc, prefix
    proxy.headers = lambda request: {
        "Host": proxy.target,
        "X-Forwarded-Host": address,
        "X-Forwarded-Proto": "http",
        "X-Forwarded-For": request.headers.get("X-Forwarded-For") or request.client_address[0],
        "Connection": "close",
    }
    thread = threading.Thread(target=proxy.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://{address}"
    finally:
        proxy.shutdown()
        proxy.server_close()
