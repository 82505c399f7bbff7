"""Evaluation of a model on the datasets of a config."""

import logging
import os
import time
from collections.abc import Callable
from typing import Any

import numpy as np
from torch import nn

from ..d2 import (
    CfgNode,
    DatasetCatalog,
    DetectionCheckpointer,
    MetadataCatalog,
    build_detection_test_loader,
    build_model,
    comm,
    inference_on_dataset,
    print_csv_format,
)
from ..data.mapper import FreeCPDatasetMapper
from ..data.own import display_name
from ..evaluation import FreeCPSemSegEvaluator, confusions_table, find_confusions, per_class_table
from ..modeling.meta_arch.purified_segmentor import PurifiedSegmentor
from ..text import Vocabulary
from .run_record import forget_record, write_record

logger = logging.getLogger(__name__)


def build_model_in_turn(cfg: Any, build: Callable[[Any], nn.Module] = build_model) -> nn.Module:
    """`build(cfg)`, first in one process of each machine, which caches the words."""
    is_first = comm.get_local_rank() == 0
    if not is_first:
        comm.synchronize()
    model = build(cfg)
    if is_first:
        comm.synchronize()
    return model.eval()


def load_weights(cfg: CfgNode, model: nn.Module) -> None:
    """
    Load MODEL.WEIGHTS into the model that a `PurifiedSegmentor` wraps; tensors that do not fit are
    skipped with a warning. No effect on other models.
    """
    if isinstance(model, PurifiedSegmentor) and cfg.MODEL.WEIGHTS:
        DetectionCheckpointer(model.wrapped).load(cfg.MODEL.WEIGHTS)


def evaluate(
    cfg: CfgNode, model: nn.Module, vocabulary: Vocabulary | None = None
) -> dict[str, Any]:
    """
    Evaluate the model on DATASETS.TEST, with all or TEST.NUM_IMAGES images of each dataset.

    Writes to OUTPUT_DIR the files of `write_reports` for each dataset, `environment.txt`, and last
    `results.json`, after that of an earlier run was removed. `vocabulary` is for the record; None:
    that of the config.

    Returns:
        dict: dataset -> {"sem_seg": {metric: percent}}; empty on all but the main process.

    Raises:
        ValueError: TEST.NUM_IMAGES is negative, or a dataset is empty.
    """
    selected = {name: select_records(cfg, name) for name in cfg.DATASETS.TEST}
    if comm.is_main_process():
        forget_record(cfg.OUTPUT_DIR)
    results: dict[str, Any] = {}
    images: dict[str, Any] = {}
    seconds: dict[str, float] = {}
    for name, records in selected.items():
        start = time.perf_counter()
        official = MetadataCatalog.get(name).get("num_images")
        images[name] = {"evaluated": len(records), "official": official}
        results[name] = _evaluate_dataset(cfg, model, name, records)
        seconds[name] = time.perf_counter() - start
    if not comm.is_main_process():
        return {}
    write_record(cfg, results, images, seconds, vocabulary)
    return results


def _evaluate_dataset(
    cfg: CfgNode, model: nn.Module, name: str, records: list[dict[str, Any]]
) -> dict[str, Any]:
    """Evaluate one dataset; the result is empty on all but the main process."""
    loader = build_detection_test_loader(
        records,
        mapper=FreeCPDatasetMapper(cfg),
        batch_size=cfg.TEST.IMAGES_PER_BATCH,
        num_workers=cfg.DATALOADER.NUM_WORKERS,
    )
    evaluator = FreeCPSemSegEvaluator(
        name,
        output_dir=os.path.join(cfg.OUTPUT_DIR, "inference", display_name(name)),
        save_predictions=cfg.TEST.SAVE_PREDICTIONS,
        boundary_iou=cfg.TEST.BOUNDARY_IOU,
    )
    found = inference_on_dataset(model, loader, evaluator)
    if evaluator.confusion_matrix is not None:  # the main process
        logger.info(f"{name}, per class:\n{per_class_table(found)}")
        classes = MetadataCatalog.get(name).stuff_classes
        worst = find_confusions(evaluator.confusion_matrix, classes, limit=10)
        logger.info(f"{name}, most frequent confusions:\n{confusions_table(worst)}")
        print_csv_format(found)
    return found


def select_records(cfg: CfgNode, name: str) -> list[dict[str, Any]]:
    """
    Select TEST.NUM_IMAGES images of a dataset; 0, or more than there are: all.

    Returns:
        list[dict]: all records in the order of the dataset; or some, evenly spread over the
        records sorted by file name, with the first and the last.

    Raises:
        ValueError: TEST.NUM_IMAGES is negative, or the dataset is empty.
    """
    number = cfg.TEST.NUM_IMAGES
    if number < 0:
        raise ValueError(f"TEST.NUM_IMAGES is {number}; use 0 for all images, or how many.")
    records = list(DatasetCatalog.get(name))
    if not records:
        raise ValueError(f"{name} is empty, expected at least one image; register its records.")
    official = MetadataCatalog.get(name).get("num_images") or "unknown"
    if not 0 < number < len(records):
        logger.info(f"{name}: {len(records)} images, officially {official}")
        return records
    logger.info(
        f"{name}: {number} of {len(records)} images, evenly spread; officially {official}. "
        "Compare only with numbers of the same images."
    )
    records.sort(key=lambda record: record["file_name"])
    return [records[i] for i in np.linspace(0, len(records) - 1, number).round().astype(int)]
