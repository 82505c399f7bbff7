"""
A machine-learning backend of Label Studio: predictions with the labels of a project as words.

    freecp label-studio --config ade20k/sclip_freecp --port 9090

In the project, Settings, Model, Connect Model takes http://localhost:9090, which Label Studio 1.23
accepts if it was started with USE_DEFAULT_BANNED_SUBNETS=false. Images that Label Studio stores are
fetched with LABEL_STUDIO_URL and LABEL_STUDIO_API_KEY.
"""

import argparse
import base64
import http.client
import json
import os
import sys
import threading
import urllib.parse
import urllib.request
from collections.abc import Mapping, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from ..data.exports.label_studio import label_studio_results, read_labelling
from ..data.images.reading import read_image
from ..engine import add_import_argument, import_plugins
from ..engine.predictor import Predictor
from ..text import load_vocabulary
from ..utils.errors import USER_ERRORS, message_of
from ..version import __version__
from .options import (
    CONFIG,
    add_config_argument,
    add_device_argument,
    add_opts_argument,
    described_parser,
    device_opts,
    print_error,
)

VERSION = f"freecp_d2 {__version__}"
_MALFORMED = (ValueError, KeyError, TypeError, AttributeError)
_UNREADABLE = (*_MALFORMED, OSError, http.client.HTTPException)
_MOST_BYTES = 64 << 20
"""Of a request and of an image."""
_RESERVED = "%:/?#[]@!$&'()*+,;="
"""The characters of an address that RFC 3986 reserves, and that of its escapes."""


class Backend:
    """The three calls of Label Studio; one request uses the model at a time."""

    def __init__(self, predictor: Predictor, url: str = "", key: str = "", tolerance: float = 1.0):
        self.predictor, self.url, self.key, self.tolerance = predictor, url, key, tolerance
        self._lock = threading.Lock()

    def health(self) -> dict[str, Any]:
        return {"status": "UP", "model_class": "FreeCP"}

    def setup(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """
        Checks the labels of the project; ValueError if it has none for an image.

        The first address with a key is kept, unless either was given at the start: a later request
        must not direct the key to another host.
        """
        read_labelling(request["schema"])
        address, key = request.get("hostname"), request.get("access_token")
        if address and key and not (self.url or self.key):
            self.url, self.key = address, key
        return {"model_version": VERSION}

    def predict(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """A result for each task, empty and named on stderr if its image cannot be read."""
        labelling, results = read_labelling(request["label_config"]), []
        with self._lock:
            words = load_vocabulary(list(labelling.labels))
            if words.num_classes != len(labelling.labels):
                raise ValueError(f"the labels {labelling.labels} are not one word each.")
            self.predictor.set_vocabulary(words, on_disk=False)
            for task in request["tasks"]:
                try:
                    image = read_image(self._fetch(task["data"][labelling.image]))
                except _UNREADABLE as error:
                    print(f"task {task.get('id')}: {message_of(error)}", file=sys.stderr)
                    results.append({"result": [], "score": 0.0, "model_version": VERSION})
                    continue
                found = self.predictor(image, channels="RGB")
                regions = label_studio_results(
                    found.label_map, labelling, found.names, found.mean_scores, self.tolerance
                )
                score = sum(found.shares[name] * s for name, s in found.mean_scores.items())
                results.append({"result": regions, "score": score, "model_version": VERSION})
        return {"results": results, "model_version": VERSION}

    def _fetch(self, address: str) -> bytes:
        """The image at an address; the key goes to Label Studio alone."""
        if address.startswith("data:"):
            return base64.b64decode(address.partition(",")[2])
        full = urllib.parse.quote(urllib.parse.urljoin(f"{self.url}/", address), safe=_RESERVED)
        if urllib.parse.urlsplit(full).scheme not in ("http", "https"):
            raise ValueError(f"{address} is no web address; set LABEL_STUDIO_URL for paths.")
        same = urllib.parse.urlsplit(full)[:2] == urllib.parse.urlsplit(self.url)[:2]
        request = urllib.request.Request(full)
        if self.key and same:
            request.add_unredirected_header("Authorization", f"Token {self.key}")
        with urllib.request.urlopen(request, timeout=60) as f:
            content = f.read(_MOST_BYTES + 1)
        if len(content) > _MOST_BYTES:
            raise ValueError(f"{address} has more than {_MOST_BYTES >> 20} MB.")
        return content


def build_server(backend: Backend, host: str, port: int) -> ThreadingHTTPServer:
    """A server of /health, /setup and /predict; port 0 is a free one."""
    posts = {"/setup": backend.setup, "/predict": backend.predict}

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._answer(200 if self.path in ("/", "/health") else 404, backend.health())

        def do_POST(self) -> None:
            size = int(self.headers.get("Content-Length") or 0)
            if self.path not in posts or size > _MOST_BYTES:
                self._answer(404 if size <= _MOST_BYTES else 413, {"error": f"no {self.path}"})
                return
            try:
                self._answer(200, posts[self.path](json.loads(self.rfile.read(size))))
            except (*_MALFORMED, RuntimeError) as error:  # RuntimeError: a GPU without memory
                status = 500 if isinstance(error, RuntimeError) else 400
                self._answer(status, {"error": f"{type(error).__name__}: {message_of(error)}"})

        def _answer(self, status: int, content: Mapping[str, Any]) -> None:
            body = json.dumps(content).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    return ThreadingHTTPServer((host, port), Handler)


def build_parser() -> argparse.ArgumentParser:
    """The command line of `freecp label-studio`."""
    parser = described_parser(__doc__)
    add: Any = parser.add_argument
    add_config_argument(parser, CONFIG)
    add_device_argument(parser)
    host = "0.0.0.0 admits other machines, without a password; default: this one only"
    add("--host", default="127.0.0.1", metavar="ADDRESS", help=host)
    add("--port", type=int, default=9090, metavar="N", help="default: %(default)s")
    add("--tolerance", type=float, default=1.0, metavar="N", help="of polygons, in pixels; 1")
    add_import_argument(parser)
    add_opts_argument(parser)
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run `freecp label-studio` until Ctrl-C; the exit status is 2 if it cannot start."""
    parser = build_parser()
    args = parser.parse_args(argv)
    try:
        import_plugins(args.imports)
        names = ("LABEL_STUDIO_URL", "LABEL_STUDIO_API_KEY")
        url, key = (os.environ.get(name, "") for name in names)
        predictor = Predictor(args.config_file, opts=[*device_opts(args), *args.opts])
        server = build_server(Backend(predictor, url, key, args.tolerance), args.host, args.port)
    except USER_ERRORS as error:
        print_error(error)
        return 2
    with server:
        print(f"Label Studio can connect to http://{args.host}:{server.server_port}; Ctrl-C ends.")
        server.serve_forever()
    return 0
