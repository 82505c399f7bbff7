"""A local HTTP server that can be slow, cut the connection, fail or send something else."""

import http.server
import sys
import threading
import time
from contextlib import contextmanager


class Site:
    """
    Attributes:
        files: path -> content.
        types: path -> Content-Type, if special.
        chunked: whether it leaves out Content-Length.
        faults: one per request, in order: a status, ("cut", bytes sent before the connection is
            cut) or ("length", a false Content-Length).
        delay: seconds before each block of 64 kB.
        requests: the path of each request.
    """

    def __init__(self):
        self.files: dict[str, bytes] = {}
        self.types: dict[str, str] = {}
        self.chunked = False
        self.faults: list = []
        self.delay = 0.0
        self.requests: list[str] = []
        self.url = ""


def handler_of(site):
    class Handler(http.server.BaseHTTPRequestHandler):
        def log_message(self, *_):
            pass

        def do_GET(self):
            site.requests.append(self.path)
            fault = site.faults.pop(0) if site.faults else None
            content = site.files.get(self.path)
            if isinstance(fault, int) or content is None:
                self.send_error(fault or 404)
                return
            kind, number = fault or ("", 0)
            self.send_response(200)
            size = number if kind == "length" else len(content)
            headers = {
                "Content-Length": "" if site.chunked else size,
                "Content-Type": site.types.get(self.path, "binary/octet-stream"),
            }
            for key, value in headers.items():
                if value != "":
                    self.send_header(key, str(value))
            self.end_headers()
            content = content[:number] if kind == "cut" else content
            for start in range(0, len(content), 65536):
                time.sleep(site.delay)
                self.wfile.write(content[start : start + 65536])
            self.close_connection = True

    return Handler


class Server(http.server.ThreadingHTTPServer):
    """Ignores clients that were killed in the middle of a response."""

    daemon_threads = True

    def handle_error(self, request, client_address):
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)


@contextmanager
def serve(handler):
    """Yields the address of a server on a free port."""
    server = Server(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
