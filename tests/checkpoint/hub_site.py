"""A local server with as much of Hugging Face as its library asks for."""

import hashlib
import http.server
import json
import re
import threading
from contextlib import contextmanager

COMMIT = "0123456789abcdef0123456789abcdef01234567"


def handler_of(repositories, requests):
    """`repositories`: "org/repo" -> {file name: content}, or "gated"."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def log_message(self, *_):
            pass

        def answer(self, status, body=b"", **headers):
            self.send_response(status)
            for key, value in {"Content_Length": str(len(body)), **headers}.items():
                self.send_header(key.replace("_", "-"), value)
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
            files = repositories.get(repository)
            if files is None:
                self.refuse(404, "RepoNotFound")
            elif files == "gated":
                self.refuse(403, "GatedRepo")
            elif listing:
                names = sorted(files)
                answers = {
                    "tree": [
                        {"type": "file", "path": n, "size": len(files[n]), "oid": "0"}
                        for n in names
                    ],
                    "revision": {
                        "sha": COMMIT, "id": "x", "siblings": [{"rfilename": n} for n in names]
                    },
                }  # fmt: skip
                body = json.dumps(answers[listing[2]]).encode()
                self.answer(200, body, Content_Type="application/json")
            elif found[2] not in files:
                self.refuse(404, "EntryNotFound")
            else:
                digest = hashlib.sha256(files[found[2]]).hexdigest()
                self.answer(200, files[found[2]], X_Repo_Commit=COMMIT, ETag=f'"{digest}"')

        def do_HEAD(self):
            self.do_GET()

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
