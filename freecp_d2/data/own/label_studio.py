"""
Label Studio's JSON export: polygons, rectangles, ellipses and brush strokes, drawn when read.

The shapes of a task are drawn in the order of the file. Pixels without a shape have no class, or
are background if the dataset has that class.
"""

import os
import re
import urllib.parse
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageDraw

from ..labels import IGNORE_LABEL
from .annotation_files import class_of_names, key_error, match_images, read_json
from .classes import Classes
from .spec import Spec

_EXPECTED = 'the export "JSON" of Label Studio: a list of tasks with data and annotations'
_SHAPES = ("polygonlabels", "brushlabels", "rectanglelabels", "ellipselabels")
_UPLOAD = re.compile(r"[0-9a-f]{8}-")  # Label Studio puts it before the names of uploads
_NUM_CORNERS = 90  # of the polygon that stands for an ellipse


@dataclass(frozen=True)
class DrawnEncoding:
    """
    The shapes of one image.

    Args:
        size: (H, W).
        shapes: (class, kind, values): corners in pixels, x0, y0, x1, ..., or the bytes of a brush.
        rest: the train id of pixels without a shape.
    """

    size: tuple[int, int]
    shapes: tuple[tuple[int, str, tuple[float, ...] | bytes], ...]
    rest: int

    def read(self, path: str | Path) -> np.ndarray:
        """The train ids, int16 (H, W); ValueError if a brush stroke cannot be decoded."""
        canvas = Image.new("I", self.size[::-1], self.rest)
        pen = ImageDraw.Draw(canvas)
        for label, kind, values in self.shapes:
            if isinstance(values, bytes):
                try:
                    mask = decode_brush(values, *self.size)
                except ValueError as error:
                    raise ValueError(f"{path}: a {kind} {error}") from error
                canvas.paste(label, mask=Image.fromarray(mask.astype(np.uint8) * 255))
            else:
                pen.polygon(values, fill=label)
        return np.asarray(canvas).astype(np.int16)


def label_names(path: Path) -> list[str]:
    """The labels of all shapes, sorted."""
    names = {name for _, shapes in _tasks(path) for _, name, _ in shapes}
    if not names:
        raise ValueError(f"{path}: has no shape with a label, expected {_EXPECTED}.")
    return sorted(names)


def find_labels(
    spec: Spec, classes: Classes, images: Mapping[str, str]
) -> dict[str, tuple[str, DrawnEncoding]]:
    """Name of an image -> a name for messages, and its shapes; ValueError if one is missing."""
    path = spec.path(spec.annotations)
    class_of = class_of_names(classes, label_names(path), path)
    rest = 0 if classes.has_background else IGNORE_LABEL
    listed = {}
    for task, shapes in _tasks(path):
        name, sizes = _file_name(path, task), {size for _, _, (size, _) in shapes}
        if len(sizes) > 1:
            raise ValueError(f"{path}: the shapes of {name} are of images of {len(sizes)} sizes.")
        drawn = tuple(
            (class_of.get(label, IGNORE_LABEL), kind, values) for kind, label, (_, values) in shapes
        )
        where = f"{path}#{task.get('id', name)}"
        if shapes:
            listed[name] = where, DrawnEncoding(sizes.pop(), drawn, rest)
    known = {_without_upload(name, images): content for name, content in listed.items()}
    return match_images(spec, images, known, path)


Shape = tuple[str, str, tuple[tuple[int, int], tuple[float, ...] | bytes]]
"""Kind, label, and ((H, W), values)."""


def _tasks(path: Path) -> list[tuple[dict[str, Any], list[Shape]]]:
    """Each task and the shapes of its last annotation that was not cancelled."""
    content = read_json(path)
    try:
        found = []
        for task in content:
            done = [a for a in task["annotations"] if not a.get("was_cancelled")]
            if len(done) > 1:
                done.sort(key=lambda annotation: annotation.get("updated_at") or "")
            results = done[-1]["result"] if done else []
            found.append((task, [_shape(path, r) for r in results if r.get("type") in _SHAPES]))
        return found
    except (KeyError, TypeError, AttributeError) as error:
        raise key_error(path, error, _EXPECTED) from error


def _shape(path: Path, result: Mapping[str, Any]) -> Shape:
    kind, value = result["type"], result["value"]
    labels = value[kind]
    if len(labels) != 1 or result.get("image_rotation"):
        what = "a rotated image" if result.get("image_rotation") else f"the labels {labels}"
        raise ValueError(
            f"{path}: the shape {result.get('id')} has {what}, expected one label on an image as "
            "it is displayed; correct it in Label Studio."
        )
    height, width = int(result["original_height"]), int(result["original_width"])
    values: tuple[float, ...] | bytes
    if kind == "brushlabels":
        values = bytes(value["rle"])
    else:
        scale = np.array([width, height]) / 100  # Label Studio counts in percent
        values = tuple((_corners(kind, value, height / width) * scale).ravel().tolist())
    return kind, str(labels[0]), ((height, width), values)


def _corners(kind: str, value: Mapping[str, Any], aspect: float) -> np.ndarray:
    """The corners of a shape, in percent of the width and height, (N, 2)."""
    if kind == "polygonlabels":
        return np.array(value["points"], float)
    x, y = float(value["x"]), float(value["y"])
    if kind == "rectanglelabels":
        w, h = float(value["width"]), float(value["height"])
        offsets = np.array([[0, 0], [w, 0], [w, h], [0, h]])
    else:
        angles = np.linspace(0, 2 * np.pi, _NUM_CORNERS, endpoint=False)
        radii = [float(value["radiusX"]), float(value["radiusY"])]
        offsets = np.stack([np.cos(angles), np.sin(angles)], 1) * radii
    # Shapes turn clockwise around (x, y), in pixels: percents of both sides differ in length.
    turn = np.deg2rad(float(value.get("rotation", 0)))
    offsets = offsets * [1, aspect]
    cos, sin = np.cos(turn), np.sin(turn)
    turned = offsets @ np.array([[cos, sin], [-sin, cos]])
    return np.array([x, y]) + turned / [1, aspect]


def _file_name(path: Path, task: Mapping[str, Any]) -> str:
    """The name of a task's image: the last part of its address."""
    for text in task["data"].values():
        if isinstance(text, str) and "." in text:
            address = urllib.parse.urlparse(text)
            query = urllib.parse.parse_qs(address.query).get("d", [""])[0]
            return urllib.parse.unquote(query or address.path)
    raise ValueError(f"{path}: the task {task.get('id')} names no image, expected {_EXPECTED}.")


def _without_upload(name: str, images: Mapping[str, str]) -> str:
    """The name as its file is called: without the digits of an upload, if that file is there."""
    base = os.path.basename(name)
    plain = _UPLOAD.sub("", base, count=1) if _UPLOAD.match(base) else base
    return (
        name if os.path.splitext(base)[0] in images else os.path.join(os.path.dirname(name), plain)
    )


def decode_brush(content: bytes, height: int, width: int) -> np.ndarray:
    """
    Decode a brush stroke.

    The format is a stream of bits: 32 bits, the number of values; 5 bits, the bits of a value
    minus one; 4 times 4 bits, the bits of four kinds of lengths minus one. Then runs: 1 bit,
    whether the run repeats one value; 2 bits, the kind of its length; the length minus one; the
    values. These are RGBA pixels, row by row; alpha tells where the stroke is: bool (H, W).

    ValueError if the stream is incomplete, or of another image size.
    """
    bits = np.unpackbits(np.frombuffer(content, np.uint8))
    at = 0

    def read(count: int) -> int:
        nonlocal at
        at += count
        if at > len(bits):
            raise ValueError("is incomplete; export it again.")
        return int("".join(map(str, bits[at - count : at].tolist())), 2)

    number = read(32)
    if number != 4 * height * width:
        raise ValueError(f"has {number // 4} pixels, expected {height * width} ({width}x{height}).")
    size = read(5) + 1
    lengths = [read(4) + 1 for _ in range(4)]
    values = np.zeros(number, np.uint8)
    done = 0
    while done < number:
        repeats, length = read(1), lengths[read(2)]
        end = done + read(length) + 1
        if end > number:
            raise ValueError("has runs beyond its last pixel; export it again.")
        if repeats:
            values[done:end] = read(size)
        else:
            weights = 1 << np.arange(size)[::-1]
            block = bits[at : at + size * (end - done)]
            if len(block) < size * (end - done):
                raise ValueError("is incomplete; export it again.")
            at += len(block)
            values[done:end] = block.reshape(-1, size) @ weights
        done = end
    return values.reshape(height, width, 4)[..., 3] > 0


def encode_brush(mask: np.ndarray) -> bytes:
    """The brush stroke of a mask, bool (H, W); `decode_brush` has the format."""
    flat = np.asarray(mask, dtype=bool).ravel()
    starts = np.flatnonzero(np.diff(flat, prepend=~flat[:1]))
    lengths = 4 * np.diff(starts, append=len(flat))
    sizes = (4, 8, 16, 16)
    parts = [f"{4 * len(flat):032b}", f"{7:05b}", *(f"{size - 1:04b}" for size in sizes)]
    for value, length in zip(flat[starts].tolist(), lengths.tolist(), strict=True):
        for done in range(0, length, 1 << 16):
            rest = min(1 << 16, length - done) - 1
            kind = 0 if rest < 1 << 4 else 1 if rest < 1 << 8 else 2
            parts.append(f"1{kind:02b}{rest:0{sizes[kind]}b}{255 * value:08b}")
    bits = "".join(parts)
    bits += "0" * (-len(bits) % 8)
    return int(bits, 2).to_bytes(len(bits) // 8, "big")
