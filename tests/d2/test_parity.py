"""
The same input to the fallback and to real Detectron2: the same output.

Needs Detectron2 in the environment; a plain checkout on PYTHONPATH is enough.
"""

import importlib.util
import itertools
import json
import random
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from d2_synthetic import CLASSES, IGNORE, scores_of, write_sample
from PIL import Image

from freecp_d2.d2_fallback import config, data, engine, evaluation
from freecp_d2.d2_fallback.data import detection_utils, samplers
from freecp_d2.d2_fallback.data import transforms as T
from freecp_d2.d2_fallback.utils import env

_SPEC = importlib.util.find_spec("detectron2")
if _SPEC is None or _SPEC.origin is None:
    pytest.skip(
        "the comparison needs Detectron2, for instance a checkout on PYTHONPATH",
        allow_module_level=True,
    )

import detectron2.config as real_config  # noqa: E402
import detectron2.data as real_data  # noqa: E402
import detectron2.engine as real_engine  # noqa: E402
import detectron2.evaluation as real_evaluation  # noqa: E402
from detectron2.data import detection_utils as real_utils  # noqa: E402
from detectron2.data import samplers as real_samplers  # noqa: E402
from detectron2.data import transforms as real_T  # noqa: E402
from detectron2.utils import env as real_env  # noqa: E402

NAME = "d2_tests_parity"


def flatten(node: Any, prefix: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in node.items():
        if isinstance(value, dict):
            yield from flatten(value, f"{prefix}{key}.")
        else:
            yield prefix + key, value


def test_defaults() -> None:
    real = dict(flatten(real_config.get_cfg()))
    for key, value in flatten(config.get_cfg()):
        assert key in real, f"Detectron2 has no {key}"
        assert (type(value), value) == (type(real[key]), real[key]), key


def test_output_shape() -> None:
    rng = np.random.default_rng(0)
    for h, w, short, longest in rng.integers(1, 2000, (2000, 4)).tolist():
        ours = T.ResizeShortestEdge.get_output_shape(h, w, short, longest)
        assert ours == real_T.ResizeShortestEdge.get_output_shape(h, w, short, longest)


@pytest.mark.parametrize("dtype", [np.uint8, np.float32, np.float64])
def test_resize(dtype: type) -> None:
    options = itertools.product(
        [(), (1,), (3,)],
        [(5, 9), (40, 23), (17, 31)],
        [None, Image.Resampling.NEAREST, Image.Resampling.BICUBIC],
    )
    for trailing, size, interp in options:
        image = np.random.default_rng(1).integers(0, 256, (17, 31, *trailing)).astype(dtype)
        ours = T.ResizeTransform(17, 31, *size, interp)
        real = real_T.ResizeTransform(17, 31, *size, interp)
        np.testing.assert_array_equal(ours.apply_image(image), real.apply_image(image))
        np.testing.assert_array_equal(
            ours.apply_segmentation(image), real.apply_segmentation(image)
        )
        points = np.random.default_rng(2).random((4, 2)) * 17
        np.testing.assert_array_equal(
            ours.inverse().apply_coords(points.copy()), real.inverse().apply_coords(points.copy())
        )


def test_augmentations_draw_the_same_sizes() -> None:
    image = np.zeros((30, 50, 3), np.uint8)
    drawn = []
    for module in (T, real_T):
        np.random.seed(5)
        augs = [
            module.ResizeShortestEdge([10, 40], 60, "range"),
            module.ResizeShortestEdge([10, 20, 25], 60, "choice"),
        ]
        tfms = [aug.get_transform(image) for aug in augs for _ in range(10)]
        drawn.append([(t.new_h, t.new_w) for t in tfms])
    assert drawn[0] == drawn[1]


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "L", "P", "CMYK"])
def test_read_image(tmp_path: Path, mode: str) -> None:
    pixels = np.random.default_rng(3).integers(0, 256, (6, 9, 3), dtype=np.uint8)
    path = str(tmp_path / ("a.jpg" if mode == "CMYK" else "a.png"))
    for orientation in (None, 1, 3, 6, 8, 99):
        exif = Image.Exif()
        if orientation is not None:
            exif[274] = orientation
        Image.fromarray(pixels).convert(mode).save(path, exif=exif)
        for format in (None, "RGB", "BGR", "L"):
            ours = detection_utils.read_image(path, format)
            real = real_utils.read_image(path, format)
            assert ours.dtype == real.dtype
            np.testing.assert_array_equal(ours, real)


@pytest.fixture
def registered(tmp_path: Path) -> Iterator[list[dict[str, Any]]]:
    """Four random images with labels of three classes and void, known to both catalogs."""
    rng = np.random.default_rng(4)
    labels = [rng.choice([0, 1, 2, IGNORE], (11 + i, 17 - i)) for i in range(4)]
    labels[3][labels[3] == 2] = 0
    records = [write_sample(tmp_path, i, label) for i, label in enumerate(labels)]
    for module in (data, real_data):
        module.DatasetCatalog.register(NAME, lambda: records)
        module.MetadataCatalog.get(NAME).set(stuff_classes=CLASSES, ignore_label=IGNORE)
    yield records
    for module in (data, real_data):
        module.DatasetCatalog.remove(NAME)
        module.MetadataCatalog.remove(NAME)


@pytest.mark.parametrize(("min_size", "format"), [(0, "RGB"), (8, "BGR"), (33, "RGB")])
def test_loader_and_mapper(registered: list[dict], min_size: int, format: str) -> None:
    batches = []
    for config_module, data_module in ((config, data), (real_config, real_data)):
        cfg = config_module.get_cfg()
        cfg.INPUT.MIN_SIZE_TEST, cfg.INPUT.FORMAT = min_size, format
        cfg.DATALOADER.NUM_WORKERS = 0
        batches.append(list(data_module.build_detection_test_loader(cfg, NAME)))
    assert len(batches[0]) == len(batches[1]) == 4
    for (ours,), (real,) in zip(*batches, strict=True):
        assert ours.keys() == real.keys()
        for key in ours:
            if isinstance(ours[key], torch.Tensor):
                assert ours[key].dtype == real[key].dtype
                assert torch.equal(ours[key], real[key])
            else:
                assert ours[key] == real[key]


def test_shares() -> None:
    for size, world in [(0, 3), (1, 4), (10, 3), (1449, 8)]:
        for rank in range(world):
            ours = samplers.InferenceSampler._get_local_indices(size, world, rank)
            assert ours == real_samplers.InferenceSampler._get_local_indices(size, world, rank)


def test_replacement_of_items_that_fail() -> None:
    def mapper(n: int) -> int | None:
        return None if n % 3 == 0 else n

    ours, real = (m.MapDataset(list(range(20)), mapper) for m in (data, real_data))
    assert [ours[i] for i in range(20)] == [real[i] for i in range(20)]


def without_boundary(scores: dict[str, float]) -> dict[str, float]:
    """Detectron2 adds boundary IoU where OpenCV is installed."""
    return {k: v for k, v in scores.items() if "Boundary" not in k and "B-Iou" not in k}


@pytest.mark.parametrize("images", [slice(0, 4), slice(3, 4)])
def test_evaluator(registered: list[dict], tmp_path: Path, images: slice) -> None:
    rng = np.random.default_rng(6)
    records = registered[images]
    labels = [rng.integers(0, 3, (r["height"], r["width"])) for r in records]
    results = []
    for index, module in enumerate((evaluation, real_evaluation)):
        out = tmp_path / f"out{index}"
        evaluator = module.SemSegEvaluator(NAME, distributed=True, output_dir=str(out))
        evaluator.reset()
        evaluator.process(records, [{"sem_seg": scores_of(label)} for label in labels])
        scores = without_boundary(evaluator.evaluate()["sem_seg"])
        saved = torch.load(out / "sem_seg_evaluation.pth", weights_only=False)
        assert without_boundary(saved) == pytest.approx(scores, nan_ok=True)
        predictions = json.loads((out / "sem_seg_predictions.json").read_text())
        results.append((scores, evaluator._conf_matrix.tolist(), predictions))
    (ours, our_matrix, our_json), (real, real_matrix, real_json) = results
    assert list(ours) == list(real)  # the same order, as the copypaste line is read by position
    assert ours == pytest.approx(real, nan_ok=True, rel=1e-12)
    assert our_matrix == real_matrix
    assert our_json == real_json


def test_argument_parser() -> None:
    def actions(parser: Any) -> dict[str, tuple]:
        known = [a for a in parser._actions if a.dest != "help"]
        return {a.dest: (a.option_strings, a.default, a.nargs, a.type) for a in known}

    ours = actions(engine.default_argument_parser())
    assert ours == actions(real_engine.default_argument_parser())


def test_seed() -> None:
    def draw(seed_all_rng: Callable[[int], None], seed: int) -> list[float]:
        seed_all_rng(seed)
        return [random.random(), np.random.rand(), torch.rand(1).item()]

    for seed in (0, 1, 12345):
        assert draw(env.seed_all_rng, seed) == draw(real_env.seed_all_rng, seed)
