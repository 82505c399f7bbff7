"""Running variants over a dataset, in one process or several."""

import tempfile
from argparse import Namespace
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from tqdm import tqdm

from ...d2 import (
    CfgNode,
    DatasetCatalog,
    build_detection_test_loader,
    comm,
    default_argument_parser,
    inference_on_dataset,
)
from ...data.mapper import FreeCPDatasetMapper
from ...evaluation.counts import PixelCounts, load_counts, save_counts
from ..evaluate import build_model_in_turn
from ..processes import launch_processes
from .model import VariantsModel


def count_pixels(
    configs: Mapping[tuple[str, str], CfgNode], *, processes: int = 1, limit: int | None = None
) -> dict[tuple[str, str], np.ndarray]:
    """
    Segment the dataset of the configs with every variant.

    Args:
        configs: (base method, variant) -> config; see `VariantsModel`.
        processes: how many share the images; more than one are started anew.
        limit: take the first so many images only.

    Returns:
        dict: (base method, variant) -> counts of shape (I, 3, K); see `PixelCounts`.
    """
    args = default_argument_parser().parse_args(
        ["--num-gpus", str(processes), "--dist-url", "auto"]
    )
    with tempfile.TemporaryDirectory() as folder:
        args.configs, args.limit = dict(configs), limit
        args.result = str(Path(folder) / "counts.npz")
        launch_processes(_count, args)
        return load_counts(args.result)


def _count(args: Namespace) -> None:
    cfg = next(iter(args.configs.values()))
    (dataset,) = cfg.DATASETS.TEST
    model = build_model_in_turn(args.configs, VariantsModel)
    mapper = FreeCPDatasetMapper.from_config(cfg) | {"oracle": True}
    loader = build_detection_test_loader(
        DatasetCatalog.get(dataset)[: args.limit],
        mapper=FreeCPDatasetMapper(**mapper),
        num_workers=cfg.DATALOADER.NUM_WORKERS,
    )
    images = tqdm(loader, desc=dataset, unit="image", disable=not comm.is_main_process())
    counts = inference_on_dataset(model, images, PixelCounts(dataset))
    if comm.is_main_process():
        save_counts(args.result, counts)
