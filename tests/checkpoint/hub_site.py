"""A local server with as much of Hugging Face as its library asks for."""

import hashlib
import http.server
import json
import re

COMMIT = "0123456789abcdef0123456789abcdef01234567"


def handler_of(repositories, requests):
    """`repositories`: "org/repo" -> {file name: content}, or "gated"; paths go to `requests`."""

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

        def do_GET(self):
            requests.append(self.path)
            found = re.match(r"/([^/]+/[^/]+)/resolve/[^/]+/(.+)$", self.path)
            listing = re.match(r"/api/models/([^/]+/[^/]+)/(revision|tree)/", self.path)
            repository = (found or listing)[1] if (found or listing) else ""
            files = repositories.get(repository)
            if files is None:
                self.answer(404, X_Error_Code="RepoNotFound")
            elif files == "gated":
                self.answer(403, X_Error_Code="GatedRepo")
            elif listing and listing[2] == "tree":
                sizes = ((name, len(content)) for name, content in files.items())
                tree = [{"type": "file", "path": n, "size": s, "oid": "0"} for n, s in sizes]
                self.answer(200, json.dumps(tree).encode(), Content_Type="application/json")
            elif listing:
                siblings = [{"rfilename": name} for name in sorted(files)]
                info = {"sha": COMMIT, "id": "x", "siblings": siblings}
                self.answer(200, json.dumps(info).encode(), Content_Type="application/json")
            elif found[2] not in files:
                self.answer(404, X_Error_Code="EntryNotFound")
            else:
                digest = hashlib.sha256(files[found[2]]).hexdigest()
                self.answer(200, files[found[2]], X_Repo_Commit=COMMIT, ETag=f'"{digest}"')

        def do_HEAD(self):
            self.do_GET()

    return Handler
