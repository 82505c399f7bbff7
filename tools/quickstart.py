"""
The real command line from end to end, on a machine with nothing but this project.

    python tools/quickstart.py
    python tools/quickstart.py --pretrained openai

Draws pictures with labels (`quickstart_scenes.txt`) in ADE20K's folder layout, makes a small CLIP
with random weights, runs `train_net.py --eval-only` for SCLIP and SCLIP + FreeCP, and shows a table
and a preview that mean nothing. `--pretrained` (openai, or a path) takes OpenAI's ViT-B/16 instead.
"""

import argparse
import colorsys
import json
import os
import shutil
import subprocess
import sys
import time
import warnings
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pycocotools.mask
import torch
from PIL import Image, ImageColor, ImageDraw, ImageFont
from tabulate import tabulate

from freecp_d2 import load_vocabulary

REPO = Path(__file__).resolve().parent.parent
WORDS = load_vocabulary("ade20k").class_names
RUNS = {"sclip": "SCLIP", "sclip_freecp": "SCLIP + FreeCP"}
ADE, RANDOM = "ADEChallengeData2016", "random"
Blocks = dict[str, list[list[str]]]
NOTHING = "Random weights (none are shipped): numbers and colours mean nothing; they show it runs."
NEXT = """
Next, with a trained CLIP (OpenAI's ViT-B/16, 335 MB, downloaded once):
  the same drawings:
    python tools/quickstart.py --pretrained openai
  ADE20K (datasets/README.md says where to put it):
    python train_net.py --eval-only --config configs/ade20k/sclip_freecp.yaml"""


class Canvas:
    """A picture and its labels, drawn together at three times their size."""

    def __init__(self, height: int):
        self.size = (round(height * 4 / 3), height)
        self.unit = 3 * height / 100
        large = (3 * self.size[0], 3 * self.size[1])
        self.picture, self.labels = Image.new("RGB", large), Image.new("L", large)

    def draw(
        self, blocks: Blocks, name: str, x: float = 0, y: float = 0, size: float = 100, colour=""
    ) -> None:
        """Draw a block of `quickstart_scenes.txt`, which explains the language."""
        for word, shape, *rest in blocks[name]:
            numbers = [float(token) for token in rest if token[0] not in "#*"]
            colours = [token.replace("*", colour) for token in rest if token[0] in "#*"]
            if word == "use":
                self.draw(blocks, shape, *numbers, *colours)
                continue
            mask = Image.new("L", self.picture.size)
            pen = ImageDraw.Draw(mask)
            for points in outlines(shape, numbers):
                pixels = self.unit * (np.array([x, y]) + np.array(points) * size / 100)
                paint = pen.ellipse if shape == "oval" else pen.polygon
                paint([tuple(p) for p in pixels.tolist()], fill=255)
            self._fill(mask, word, colours[0], colours[-1])

    def _fill(self, mask: Image.Image, word: str, top: str, bottom: str) -> None:
        box = mask.getbbox()
        assert box, f"a {word} outside of the picture"
        ends = Image.new("RGB", (1, 2), top)
        ends.putpixel((0, 1), ImageColor.getrgb(bottom))
        ramp = ends.resize((box[2] - box[0], box[3] - box[1]), Image.Resampling.BILINEAR)
        self.picture.paste(ramp, box[:2], mask.crop(box))
        if word != "-":
            self.labels.paste(WORDS.index(word) + 1, box, mask.crop(box))

    def finish(self) -> tuple[Image.Image, Image.Image]:
        """The picture with a little grain, and its labels (0 unlabelled, 1 to 150 classes)."""
        pixels = np.asarray(self.picture.resize(self.size, Image.Resampling.LANCZOS), np.float32)
        grain = np.random.default_rng(0).normal(0, 4, (*pixels.shape[:2], 1))
        picture = Image.fromarray((pixels + grain).clip(0, 255).astype(np.uint8))
        return picture, self.labels.resize(self.size, Image.Resampling.NEAREST)


def outlines(shape: str, v: Sequence[float]) -> list[list[tuple[float, float]]]:
    """The polygons of a shape, or the corners of an oval."""
    if shape == "oval":
        return [[(v[0] - v[2], v[1] - v[3]), (v[0] + v[2], v[1] + v[3])]]
    if shape == "poly":
        return [list(zip(v[::2], v[1::2], strict=True))]
    if shape == "ridge":
        xs = np.linspace(-1, 135, 80)
        angle = v[2] * xs / 100
        ys = v[0] - v[1] * (np.sin(4 * angle + v[3]) + 0.4 * np.sin(11 * angle + 2 * v[3]))
        return [[*zip(xs.tolist(), ys.tolist(), strict=True), (135, 101), (-1, 101)]]
    x0, y0, x1, y1, dx, dy, w, h = (
        v if shape == "grid" else (*v, 999, 999, v[2] - v[0], v[3] - v[1])
    )
    corners = [(x, y) for x in np.arange(x0, x1, dx) for y in np.arange(y0, y1, dy)]
    return [[(x, y), (x + w, y), (x + w, y + h), (x, y + h)] for x, y in corners]


def read_scenes() -> Blocks:
    """The lines of each block by name; scenes are called "scene NAME"."""
    blocks: Blocks = {}
    for line in (REPO / "tools" / "quickstart_scenes.txt").read_text().splitlines():
        if line.startswith(("stamp ", "scene ")):
            lines = blocks.setdefault(line.removeprefix("stamp "), [])
        elif line and not line.startswith("# "):
            lines.append(line.split())
    return blocks


def write_dataset(root: Path, height: int, num_pictures: int) -> None:
    """Draw the pictures into `root`, in the folders of ADE20K's validation set."""
    folders = [root / ADE / kind / "validation" for kind in ("images", "annotations")]
    for folder in folders:
        folder.mkdir(parents=True)
    blocks = read_scenes()
    scenes = [name for name in blocks if name.startswith("scene ")][:num_pictures]
    for number, scene in enumerate(scenes, 1):
        canvas = Canvas(height)
        canvas.draw(blocks, scene)
        picture, labels = canvas.finish()
        picture.save(folders[0] / f"ADE_val_{number:08d}.jpg", quality=95)
        labels.save(folders[1] / f"ADE_val_{number:08d}.png")


def write_random_clip(path: Path) -> None:
    """A state dict in OpenAI's layout, a fifteenth of ViT-B/16, with random weights."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # clip imports pkg_resources
        from clip.model import CLIP
    torch.manual_seed(0)
    # embedding; image: resolution, layers, width, patch; text: context, words, width, heads, layers
    model = CLIP(128, 224, 6, 192, 16, 77, 49408, 128, 2, 3)
    model.logit_scale.data.fill_(float(np.log(100)))  # as in the released models
    torch.save(model.state_dict(), path)


def evaluate(name: str, root: Path, opts: Sequence[str]) -> dict[str, float]:
    """Run the command line in a process of its own; return the metrics it wrote."""
    output, start = root / name, time.time()
    command = [sys.executable, "train_net.py", "--eval-only"]
    command += ["--config", f"configs/ade20k/{name}.yaml", "OUTPUT_DIR", str(output), *opts]
    print(f"  python {' '.join(command[1:5])} ... ", end="", flush=True)
    env = {**os.environ, "DETECTRON2_DATASETS": str(root / "drawn")}
    run = subprocess.run(command, cwd=REPO, env=env, capture_output=True, text=True)
    if run.returncode:
        sys.exit(f"failed:\n{(run.stdout + run.stderr)[-4000:]}")
    print(f"{time.time() - start:.0f} s")
    results = json.loads((output / "results.json").read_text())["results"]
    return results["freecp_ade20k_val"]["sem_seg"]


def read_predictions(root: Path, name: str) -> dict[str, np.ndarray]:
    """Label maps (0 nothing, 1 to 150 classes) that the evaluator saved, by picture's name."""
    path = root / name / "inference" / "freecp_ade20k_val" / "sem_seg_predictions.json"
    found: dict[str, np.ndarray] = {}
    for item in json.loads(path.read_text()):
        mask = pycocotools.mask.decode(item["segmentation"])
        labels = found.setdefault(Path(item["file_name"]).stem, np.zeros_like(mask))
        labels[mask > 0] = item["category_id"] + 1
    return found


def palette(others: Sequence[int]) -> np.ndarray:
    """A colour a label, shape (256, 3): vivid for drawn words, pale for `others`, black else."""
    colours = np.zeros((256, 3), np.uint8)
    for word, colour in read_scenes()["colours"]:
        colours[WORDS.index(word) + 1] = ImageColor.getrgb(colour)
    for i, label in enumerate(others):
        shade = colorsys.hsv_to_rgb(i / len(others), 0.12, 0.9 - 0.2 * (i % 3))
        colours[label] = [round(255 * value) for value in shade]
    return colours


def draw_preview(root: Path, title: str) -> Path:
    """Write `preview.png`: picture, ground truth and predictions, with a legend."""
    folder, gap, head, column = root / "drawn" / ADE, 8, 56, 160
    predictions = [read_predictions(root, name) for name in RUNS]
    pictures = sorted((folder / "images" / "validation").glob("*.jpg"))
    rows: list[list[np.ndarray]] = []
    for path in pictures:
        label = Image.open(folder / "annotations" / "validation" / f"{path.stem}.png")
        rows.append([np.asarray(label), *(found[path.stem] for found in predictions)])
    truth = Counter(k for row in rows for k in row[0].ravel().tolist() if k)
    guessed = Counter(k for row in rows for m in row[1:] for k in m.ravel().tolist() if k)
    others = [k for k, _ in guessed.most_common() if k not in truth][:13]
    keys, colours = [k for k, _ in truth.most_common()] + others, palette(others)

    height, width = (side + gap for side in rows[0][0].shape)
    per_line = max(1, 4 * width // column)
    legend = head + len(rows) * height
    bottom = legend + 24 * -(-(len(keys) + 1) // per_line) + gap
    sheet = Image.new("RGB", (4 * width + gap, bottom), "white")
    pen, font = ImageDraw.Draw(sheet), ImageFont.load_default(15)
    pen.text((gap, 7), f"{title} Pale colours: words that no drawing has.", "#b02a1e", font)
    for x, text in enumerate(("picture", "ground truth", *RUNS.values())):
        pen.text((gap + x * width, 32), text, "#222222", font)
    for y, (path, row) in enumerate(zip(pictures, rows, strict=True)):
        for x, tile in enumerate((Image.open(path), *(Image.fromarray(colours[m]) for m in row))):
            sheet.paste(tile, (gap + x * width, head + y * height))
    for i, k in enumerate([*keys, 0]):
        x, y = gap + i % per_line * column, legend + 24 * (i // per_line)
        pen.rectangle((x, y + 3, x + 16, y + 17), tuple(colours[k].tolist()), "#444444")
        pen.text((x + 22, y + 1), WORDS[k - 1] if k else "other words", "#222222", font)
    sheet.save(root / "preview.png")
    return root / "preview.png"


def main(argv: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--output", type=Path, default=REPO / "output" / "quickstart")
    parser.add_argument("--pretrained", default=RANDOM, help="openai, or a path; default: random")
    parser.add_argument("--num-pictures", type=int, default=6)
    parser.add_argument("--height", type=int, default=240, help="of a picture, in pixels")
    parser.add_argument("opts", nargs="*", help="KEY VALUE pairs for train_net.py")
    args = parser.parse_args(argv)
    start, root, is_random = time.time(), args.output.resolve(), args.pretrained == RANDOM
    title = NOTHING if is_random else "Drawings are no benchmark: these numbers are for looking at."
    print(f"{title}\n")
    shutil.rmtree(root / "drawn", ignore_errors=True)
    write_dataset(root / "drawn", args.height, args.num_pictures)
    arch, weights = "ViT-B/16", args.pretrained
    if is_random:
        arch, weights = "custom", str(root / "random_clip.pt")
        write_random_clip(root / "random_clip.pt")
    elif os.path.isfile(weights):
        weights = os.path.abspath(weights)
    opts = ["MODEL.CLIP.ARCH", arch, "MODEL.CLIP.PRETRAINED", weights, "MODEL.TEXT.CACHE_DIR"]
    opts += [str(root / "text_features"), "TEST.SAVE_PREDICTIONS", "True", *args.opts]
    found = {name: evaluate(name, root, opts) for name in RUNS}

    table = [[text, found[name]["mIoU"], found[name]["pACC"]] for name, text in RUNS.items()]
    print("\n" + tabulate(table, ["drawings", "mIoU", "pACC"], "pipe", floatfmt=".2f"))
    preview = draw_preview(root, title)
    print(f"\n{title}\nPreview {preview}, logs beside it; {time.time() - start:.0f} s.")
    print(NEXT.replace("python ", os.path.relpath(sys.executable) + " "))


if __name__ == "__main__":
    main()
