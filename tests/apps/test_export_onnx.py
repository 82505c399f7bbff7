"""`freecp export-onnx`: the graph and the document's NumPy head against PyTorch."""

import re

import numpy as np
import pytest
import torch
from PIL import Image

from freecp_d2.apps import export_onnx
from freecp_d2.data.storybook import draw_scene
from freecp_d2.engine.predictor import Predictor
from tests.helpers.command import ROOT, in_process

onnxruntime = pytest.importorskip("onnxruntime", reason="needs the extra onnx")
pytest.importorskip("onnxscript", reason="needs the extra onnx")
pytestmark = pytest.mark.external

CONFIG, WORDS = "storybook/sclip", "background: wall; sky; sea, ocean; grass; tree"
SIMPLE = ["MODEL.TEXT.TEMPLATES", "simple"]


def test_the_head_of_the_document(tmp_path, monkeypatch, capsys):
    """Its maps are Eq. (1) of PyTorch within 1e-4, for any number of windows."""
    Image.fromarray(draw_scene(3).image).resize((96, 96)).save(tmp_path / "photo.png")
    monkeypatch.chdir(tmp_path)
    export = in_process(export_onnx.main, capsys)
    code, _, problems = export(
        "--config", CONFIG, "--vocabulary", WORDS, "--output", "tower.onnx", "--opts", *SIMPLE
    )
    assert code == 0, problems
    text = (ROOT / "docs" / "INTEGRATIONS.md").read_text()
    (head,) = re.findall(r"```python\n([^`]*onnxruntime.*?)```", text, re.S)
    found: dict = {}
    exec(head.replace("photo.jpg", "photo.png"), found)

    model = Predictor(CONFIG, WORDS, SIMPLE, device="cpu").model
    images = torch.from_numpy(found["image"]).permute(2, 0, 1)[None]
    tokens = model.backbone(model.pixels(images))["patch_tokens"]
    maps, _ = model.text_head(tokens)
    np.testing.assert_allclose(found["maps"], maps[0].numpy(), atol=1e-4)
    names = model.text_head.output_names[model.text_head.background_is_rest :]
    assert found["text"]["names"].tolist() == list(names)
    three = images.expand(3, -1, -1, -1).numpy()
    assert len(found["tower"].run(None, {"images": three})[0]) == 3


def test_refusals(tmp_path, capsys, monkeypatch):
    export = in_process(export_onnx.main, capsys)
    output = tmp_path / "tower.onnx"
    half = ["--opts", "MODEL.PRECISION", "bf16", *SIMPLE]
    for argv, message in (
        (["--output", str(tmp_path / "tower.pt")], ".onnx"),
        (["--output", str(output), *half], "MODEL.PRECISION fp32"),
    ):
        code, _, said = export("--config", CONFIG, "--vocabulary", WORDS, *argv)
        assert code == 2
        assert message in said
    monkeypatch.setattr(torch, "__version__", "2.8.0+cpu")
    code, _, said = export("--config", CONFIG, "--output", str(output), "--opts", *SIMPLE)
    assert (code, "2.8.0" in said, "2.9" in said) == (2, True, True)
    assert not list(tmp_path.iterdir())
