"""Exports of a run: what they hold, when they are written, and what they never replace."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from pycocotools.coco import COCO

from freecp_d2.apps.segment.inputs import Source
from freecp_d2.apps.segment.labelling import plan
from freecp_d2.apps.segment.run import run
from freecp_d2.data.storybook import draw_scene
from freecp_d2.text import load_vocabulary

from .samples import PAGE_WORDS, SMALL, settings

ALL = ("coco", "labelme", "yolo")
FILES = ("coco/a.json", "labelme/a.json", "yolo/labels/a.txt")


@pytest.fixture
def sources(tmp_path):
    for i, name in enumerate(("a.png", "b.png")):
        Image.fromarray(draw_scene(i).image).save(tmp_path / name)
    return [Source(tmp_path / name, Path(name), False) for name in ("a.png", "b.png")]


@pytest.fixture
def given(tmp_path):
    words = load_vocabulary(PAGE_WORDS)
    return settings(tmp_path / "out", opts=SMALL, vocabulary=words, exports=ALL)


def go(sources, given, build):
    names = [Path(source.path.stem) for source in sources]
    return run(plan(sources, names, given), build, given)


def never():
    raise AssertionError("there is nothing to label")


def test_masks_equal_the_labels(predictor, sources, given):
    go(sources, given, lambda: predictor)
    coco = COCO(given.output / "coco" / "_annotations.coco.json")
    assert [image["file_name"] for image in coco.dataset["images"]] == ["a.png", "b.png"]
    for image in coco.dataset["images"]:
        labels = np.array(Image.open(given.output / image["file_name"].replace(".", "_labels.")))
        seen = np.full_like(labels, 255)
        for annotation in coco.loadAnns(coco.getAnnIds(image["id"])):
            mask = coco.annToMask(annotation).astype(bool)
            assert mask.sum() == annotation["area"]
            assert 0 < annotation["score"] <= 1
            seen[mask] = annotation["category_id"] - 1
        assert np.array_equal(seen, labels)
    names = (given.output / "yolo" / "data.yaml").read_text()
    assert "0: sky" in names
    assert "3: brick wall" in names
    file = json.loads((given.output / "labelme" / "a.json").read_text())
    assert (given.output / "labelme" / file["imagePath"]).samefile(sources[0].path)


def test_a_finished_run_gets_them_without_the_model(predictor, sources, given):
    go(sources, replace(given, exports=()), lambda: predictor)
    assert not (given.output / "coco").exists()
    assert go(sources, given, never).num_earlier == 2
    later = {name: (given.output / name).read_bytes() for name in FILES}
    go(sources, replace(given, force=True), lambda: predictor)
    assert later == {name: (given.output / name).read_bytes() for name in FILES}
    go(sources, replace(given, tolerance=0.0), never)
    changed = [name for name in FILES if (given.output / name).read_bytes() != later[name]]
    assert changed == ["labelme/a.json", "yolo/labels/a.txt"]


def test_edited_files_are_kept(predictor, sources, given):
    go(sources, given, lambda: predictor)
    edited, removed = given.output / "labelme" / "a.json", given.output / "labelme" / "b.json"
    edited.write_text("edited")
    removed.unlink()
    assert go(sources, given, never).failures == []
    assert edited.read_text() == "edited"
    assert removed.exists()
    (given.output / "a_labels.png").unlink()  # a.png is labelled again
    summary = go(sources, given, lambda: predictor)
    assert [failure.name for failure in summary.failures] == [str(sources[0].path)]
    assert "labelme/a.json" in summary.failures[0].reason
    assert "--force" in summary.failures[0].reason
    assert edited.read_text() == "edited"
    assert go(sources, replace(given, force=True), lambda: predictor).failures == []
    assert edited.read_text() != "edited"


def test_files_of_all_images_are_not_lost(predictor, sources, given):
    go(sources, given, lambda: predictor)
    data, merged = given.output / "yolo/data.yaml", given.output / "coco/_annotations.coco.json"
    edited = data.read_text().replace("train: images", "train: elsewhere")
    data.write_text(edited)
    merged.write_text("{}")
    failures = go(sources, given, never).failures
    assert [failure.name for failure in failures] == ["coco"]
    assert data.read_text() == edited
    assert merged.read_text() == "{}"
    merged.unlink()
    (given.output / "coco" / "b.json").write_text("{")
    (failure,) = go(sources, given, never).failures
    assert "coco/b.json" in failure.reason
    data.write_text("names: {0: cat}")
    assert "yolo" in [failure.name for failure in go(sources, given, never).failures]


def test_exports_follow_new_labels(predictor, sources, given):
    go(sources[:1], given, lambda: predictor)
    before = (given.output / "coco" / "a.json").read_bytes()
    image = Image.fromarray(draw_scene(5).image)
    image.save(sources[0].path)
    go(sources[:1], replace(given, exports=()), lambda: predictor)  # outdated, and not written
    assert (given.output / "coco" / "a.json").read_bytes() == before
    assert go(sources[:1], given, never).failures == []
    assert (given.output / "coco" / "a.json").read_bytes() != before
