"""As much of the hub as its library asks for: heads, files and listings of repositories."""

import hashlib
import http.server
import json
import re
import threading
from contextlib import contextmanager

COMMIT = "0123456789abcdef0123456789abcdef01234567"


def handler_of(repositories, requests):
    """`repositories`: "org/repo" -> {file name: content}; "gated" and "missing" are answers."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def log_message(self, *_):
            pass

        def answer(self, status, body=b"", **headers):
            self.send_response(status)
            for key, value in headers.items():
                self.send_header(key.replace("_", "-"), value)
            if "Content_Length" not in headers:
                self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if self.command == "GET":
                self.wfile.write(body)

        def refuse(self, status, code):
            self.answer(status, X_Error_Code=code, X_Error_Message=code)

        def do_GET(self):
            requests.append((self.command, self.path))
            found = re.match(r"/([^/]+/[^/]+)/resolve/[^/]+/(.+)$", self.path)
            listing = re.match(r"/api/models/([^/]+/[^/]+)/(revision|tree)/", self.path)
            repository = (found or listing)[1] if (found or listing) else ""
            if repository not in repositories:
                self.refuse(404, "RepoNotFound")
            elif repositories[repository] == "gated":
                self.refuse(403, "GatedRepo")
            elif listing:
                self.list_files(repositories[repository], listing[2])
            elif found[2] not in repositories[repository]:
                self.refuse(404, "EntryNotFound")
            else:
                content = repositories[repository][found[2]]
                digest = hashlib.sha256(content).hexdigest()
                self.answer(200, content, X_Repo_Commit=COMMIT, ETag=f'"{digest}"')

        def do_HEAD(self):
            self.do_GET()

        def list_files(self, files, kind):
            names = sorted(files)
            tree = [{"type": "file", "path": n, "size": len(files[n]), "oid": "0"} for n in names]
            info = {"sha": COMMIT, "id": "x", "siblings": [{"rfilename": n} for n in names]}
            body = json.dumps(tree if kind == "tree" else info).encode()
            self.answer(200, body, Content_Type="application/json")

    return Handler


@contextmanager
def serve_hub(repositories):
    """Yields its address, for HF_ENDPOINT, and the list of requests."""
    requests: list[tuple[str, str]] = []
    handler = handler_of(repositories, requests)
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", requests
    finally:
        server.shutdown()
        server.server_close()
