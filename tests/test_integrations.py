"""The notebook, torch.hub, and the layout of FiftyOne's COCO importer."""

import json

import torch
from PIL import Image

from freecp_d2.apps.segment import command
from freecp_d2.data.storybook import draw_scene
from freecp_d2.engine.predictor import Predictor

from .helpers.command import ROOT, in_process

SMALL = ["INPUT.MIN_SIZE_TEST", "72", "MODEL.TEXT.TEMPLATES", "simple"]


def test_the_notebook(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    notebook = json.loads((ROOT / "examples" / "quickstart.ipynb").read_text())
    names: dict = {}
    for cell in notebook["cells"]:
        if cell["cell_type"] == "code":
            assert not cell["outputs"]
            exec("".join(cell["source"]), names)
    assert names["prediction"].label_map.shape == names["image"].shape[:2]
    assert (tmp_path / "labels.png").exists()


def test_torch_hub():
    predictor = torch.hub.load(
        str(ROOT), "freecp", source="local", config="storybook/sclip_freecp", vocabulary=["sky"],
        opts=SMALL, device="cpu",
    )  # fmt: skip
    assert isinstance(predictor, Predictor)
    assert predictor.vocabulary.display_names == ("sky",)


def test_the_layout_of_fiftyone(tmp_path, capsys):
    """Its importer joins `data_path` and `file_name`, and reads masks as run-length code."""
    (tmp_path / "photos" / "sub").mkdir(parents=True)
    for number, name in enumerate(("a.jpg", "sub/b.jpg")):
        Image.fromarray(draw_scene(number).image).save(tmp_path / "photos" / name)
    segment = in_process(command.main, capsys)
    code, _, problems = segment(
        *["--config", "storybook/sclip_freecp", "--vocabulary", "sky; grass", "--format", "coco"],
        *["--input", str(tmp_path / "photos"), "--output", str(tmp_path / "results")],
        *["--opts", *SMALL],
    )
    assert code == 0, problems
    content = json.loads((tmp_path / "results" / "coco" / "_annotations.coco.json").read_text())
    ids = {category["id"] for category in content["categories"]}
    for image in content["images"]:
        assert (tmp_path / "photos" / image["file_name"]).is_file()
    for entry in content["annotations"]:
        assert entry["category_id"] in ids
        assert {"image_id", "bbox", "segmentation", "iscrowd", "area"} <= {*entry}
