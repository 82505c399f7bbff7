"""The backend of Label Studio: its three calls over HTTP, with requests as Label Studio sends."""

import json
import threading
import urllib.error
import urllib.request
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
import pytest
from PIL import Image, ImageDraw

from freecp_d2.apps.label_studio import Backend, build_server
from freecp_d2.data.exports.label_studio import label_studio_results, read_labelling
from freecp_d2.data.own.label_studio import decode_brush, encode_brush
from freecp_d2.engine.predictor import Predictor
from tests.helpers.command import ROOT

PAGE = ROOT / "demo" / "page.png"
KEY = "abc123"


def config(tag):
    labels = "".join(f'<Label value="{name}"/>' for name in ("sky", "grass, meadow", "sheep"))
    image = '<Image name="img" value="$photo"/>'
    return f'<View>{image}<{tag} name="l" toName="img">{labels}</{tag}></View>'


@contextmanager
def served(server):
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="module")
def images():
    """Label Studio's store of uploads, which asks for the key."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            is_ours = self.headers.get("Authorization") == f"Token {KEY}"
            self.send_response(302 if "moved" in self.path else 200 if is_ours else 401)
            self.send_header("Location", "/data/upload/1/page.png")
            self.end_headers()
            self.wfile.write(PAGE.read_bytes() if is_ours else b"")

        def log_message(self, *args):
            pass

    with served(ThreadingHTTPServer(("127.0.0.1", 0), Handler)) as url:
        yield url


@pytest.fixture(scope="module")
def call(images):
    fast = {"MODEL.TEXT.TEMPLATES": "simple", "INPUT.MIN_SIZE_TEST": 96}
    predictor = Predictor("storybook/sclip_freecp", ["tree"], fast)
    with served(build_server(Backend(predictor), "127.0.0.1", 0)) as url:

        def ask(path, **content):
            data = json.dumps(content).encode() if content else None
            with urllib.request.urlopen(url + path, data=data, timeout=60) as answer:
                return json.loads(answer.read())

        ask.predictor = predictor
        yield ask


def test_the_three_calls(call, images, capsys):
    assert call("/health")["status"] == "UP"
    brush = config("BrushLabels")
    found = call("/setup", project="1.1", schema=brush, hostname=images, access_token=KEY)
    version = found["model_version"]
    tasks = [{"id": 7, "data": {"photo": "/data/upload/1/page.png"}}, {"id": 8, "data": {}}]
    answer = call("/predict", tasks=tasks, label_config=brush, project="1.1", model_version=version)
    first, second = answer["results"]
    assert (second["result"], "task 8" in capsys.readouterr().err) == ([], True)
    expected = call.predictor(PAGE)
    names = ("sky", "grass, meadow", "sheep")
    labels = np.full(expected.label_map.shape, -1)
    for region in first["result"]:
        value = region["value"]
        mask = decode_brush(
            bytes(value["rle"]), region["original_height"], region["original_width"]
        )
        labels[mask] = names.index(value["brushlabels"][0])
        assert (region["from_name"], region["to_name"], value["format"]) == ("l", "img", "rle")
    assert (labels == expected.label_map).all()
    assert 0 < first["score"] <= 1


def test_images_that_cannot_be_read(call, images, capsys):
    """An address is quoted, the key does not follow a redirection, and other tasks are labelled."""
    brush = config("BrushLabels")
    call("/setup", schema=brush, hostname=images, access_token=KEY)
    call("/setup", schema=brush, hostname="http://127.0.0.1:9", access_token="other")
    photos = (None, 5, "http://a b/", "/moved.png", "/data/a photo ü.png")
    tasks = [{"id": i, "data": {"photo": photo}} for i, photo in enumerate(photos)]
    answer = call("/predict", tasks=[*tasks, {"id": 5, "data": None}], label_config=brush)
    assert [bool(found["result"]) for found in answer["results"]] == [0, 0, 0, 0, 1, 0]
    said = capsys.readouterr().err
    assert all(f"task {i}:" in said for i in (0, 1, 2, 3, 5))
    assert "401" in said


def test_a_model_without_memory(call, monkeypatch):
    def fail(*args, **options):
        raise RuntimeError("out of memory")

    monkeypatch.setattr(call.predictor, "set_vocabulary", fail)
    with pytest.raises(urllib.error.HTTPError) as caught:
        call("/predict", tasks=[], label_config=config("BrushLabels"))
    assert (caught.value.code, "out of memory" in caught.value.read().decode()) == (500, True)


def test_refused_requests(call):
    for path, content in (
        ("/setup", {"schema": "<View><Text name='t' value='$t'/></View>"}),
        ("/predict", {"label_config": config("BrushLabels")}),
        ("/predict", {"label_config": "<View", "tasks": []}),
    ):
        with pytest.raises(urllib.error.HTTPError) as caught:
            call(path, **content)
        assert caught.value.code == 400
        assert json.loads(caught.value.read())["error"]


def test_polygons_read_back():
    """Drawn as those of an export are, polygons without tolerance are the label map."""
    labels = np.zeros((40, 60), dtype=np.int32)
    labels[5:30, 10:50] = 1
    labels[12:20, 20:30] = 2
    labelling = read_labelling(config("PolygonLabels"))
    results = label_studio_results(labels, labelling, labelling.labels, {"sky": 0.5}, tolerance=0)
    assert [r["type"] for r in results] == ["polygonlabels"] * 3
    canvas = Image.new("L", (60, 40), 255)
    for result in sorted(results, key=lambda r: r["value"]["polygonlabels"]):
        points = np.array(result["value"]["points"]) * [0.6, 0.4]
        label = labelling.labels.index(result["value"]["polygonlabels"][0])
        ImageDraw.Draw(canvas).polygon(points.ravel().tolist(), fill=label)
    assert (np.asarray(canvas) == labels).all()


def test_brushes_read_back():
    for size in ((3, 5), (70, 900)):
        mask = np.indices(size).sum(axis=0) % 3 == 0
        for one in (mask, ~mask, np.zeros(size, dtype=bool)):
            assert (decode_brush(encode_brush(one), *size) == one).all()
