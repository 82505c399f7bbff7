"""Predictions, records and settings without a model, and a short video."""

from pathlib import Path

import cv2
import numpy as np
import torch

from freecp_d2.apps.segment.decisions import classes_of, decisions_of
from freecp_d2.apps.segment.image_record import Settings
from freecp_d2.data.storybook import draw_scene
from freecp_d2.engine import load_config
from freecp_d2.engine.predictor import Prediction
from freecp_d2.modeling.outputs import ClassScores
from freecp_d2.modeling.purification.diagnosis import GroupDiagnosis, RegionBox, WindowDiagnosis
from freecp_d2.text import Vocabulary
from freecp_d2.visualization.legend import class_counts, visible_shares

from ...helpers.command import ROOT

WORDS = Vocabulary.from_string("cat, kitten; dog; tree")
CONFIG = str(ROOT / "configs" / "storybook" / "sclip_freecp.yaml")
PAGE_WORDS = "sky; sea; grass; brick wall"
SMALL = ["INPUT.MIN_SIZE_TEST", "72", "INPUT.MAX_SIZE_TEST", "96", "MODEL.TEXT.TEMPLATES", "simple"]
COLORS = ((10, 20, 30), (40, 50, 60), (70, 80, 90))


def settings(output: Path, **changes) -> Settings:
    """Settings of the embedded config and three words."""
    given = {"config_file": CONFIG, "opts": (), "vocabulary": WORDS, "output": output}
    opts = list(changes.get("opts", ()))
    return Settings(**(given | {"cfg": load_config(CONFIG, opts)} | changes))


def window(thresh=0.1, kept=(("cat", 0.5), ("tree", 0.2)), removed=(("dog", 0.01),)):
    """A window with an ambiguity group of two; the cat won its region."""
    group = GroupDiagnosis(["cat", "tree"], [RegionBox((0, 0, 8, 8), "cat")])
    return WindowDiagnosis(
        (0, 0, 16, 16), dict(kept), dict(removed), [group], ["cat"],
        redundancy_thresh=thresh, ambiguity_thresh=0.7,
    )  # fmt: skip


def prediction(windows=(), background=False, floor=0.0) -> Prediction:
    """An image of 4 x 6: cat on the left, tree on the right, no word in the last row."""
    labels = np.zeros((4, 6), dtype=np.int32)
    labels[:, 3:] = 2
    labels[3] = -1
    found = ClassScores(
        torch.tensor([0, 2]), torch.tensor([[[0.9, 0.25]], [[0.0, 0.5]]], dtype=torch.float32)
    )
    names = ("background",) * background + ("cat", "dog", "tree")
    colors = ((0, 0, 0),) * background + COLORS
    image = np.arange(4 * 6 * 3, dtype=np.uint8).reshape(4, 6, 3)
    return Prediction(image, labels, names, colors, tuple(windows), found, background, floor)


def record(windows=(), **more):
    """The record of that image."""
    found = prediction(windows)
    shares = visible_shares(class_counts(found.label_map, 3))
    return {
        "kind": "image",
        **decisions_of(found, shares),
        "classes": classes_of(found),
        "vocabulary": {"classes": [list(words) for words in WORDS.classes]},
        "files": {"overlay": "a_overlay.jpg", "labels": "a_labels.png"},
        **more,
    }


def write_video(path, num_frames=6, size=(48, 64), rate=12.5, codec="mp4v", suffix=".mp4"):
    """Write it, whatever `path` ends in; returns its frames, uint8 RGB (H, W, 3)."""
    height, width = size
    page = cv2.resize(draw_scene(3).image, (2 * width, 2 * height), interpolation=cv2.INTER_AREA)
    frames = [page[i : i + height, i : i + width] for i in range(num_frames)]
    aside = path.with_suffix(suffix)
    writer = cv2.VideoWriter(str(aside), cv2.VideoWriter.fourcc(*codec), rate, (width, height))
    assert writer.isOpened()
    for frame in frames:
        writer.write(cv2.cvtColor(np.ascontiguousarray(frame), cv2.COLOR_RGB2BGR))
    writer.release()
    aside.rename(path)
    return frames
