"""Evaluation of a model on the datasets of a config, and the files it leaves behind."""

import json
import logging
import math
import os
from collections import OrderedDict
from collections.abc import Callable
from typing import Any

from torch import nn

from ..d2 import (
    CfgNode,
    MetadataCatalog,
    build_detection_test_loader,
    build_model,
    collect_env_info,
    comm,
    inference_on_dataset,
    print_csv_format,
)
from ..data.mapper import FreeCPDatasetMapper
from ..evaluation import FreeCPSemSegEvaluator, per_class_table
from ..modeling.text_head import vocabulary_from_config

logger = logging.getLogger(__name__)


def build_model_in_turn(cfg: Any, build: Callable[[Any], nn.Module] = build_model) -> nn.Module:
    """
    Build the model, first in one process of the machine and then in the others.

    The first encodes the words and caches them; the others read the cache.

    Args:
        cfg: what `build` takes; Detectron2's `build_model` takes a config.
    """
    is_first = comm.get_local_rank() == 0
    if not is_first:
        comm.synchronize()
    model = build(cfg)
    if is_first:
        comm.synchronize()
    return model.eval()


def evaluate(cfg: CfgNode, model: nn.Module) -> dict[str, Any]:
    """
    Run the model over every dataset of DATASETS.TEST.

    Writes below OUTPUT_DIR: `environment.txt`, `results.json`, and per dataset the confusion matrix
    and the per-class table.

    Returns:
        dict: dataset -> {"sem_seg": {metric: percent}}; empty on all but the main process.
    """
    results: dict[str, Any] = OrderedDict()
    images: dict[str, Any] = {}
    for name in cfg.DATASETS.TEST:
        loader = build_detection_test_loader(
            cfg, name, mapper=FreeCPDatasetMapper(cfg), batch_size=cfg.TEST.IMAGES_PER_BATCH
        )
        official = MetadataCatalog.get(name).get("num_images")
        images[name] = {"evaluated": len(loader.dataset), "official": official}
        logger.info(f"{name}: {len(loader.dataset)} images, officially {official or 'unknown'}")
        evaluator = FreeCPSemSegEvaluator(
            name,
            output_dir=os.path.join(cfg.OUTPUT_DIR, "inference", name),
            save_predictions=cfg.TEST.SAVE_PREDICTIONS,
            boundary_iou=cfg.TEST.BOUNDARY_IOU,
        )
        found = inference_on_dataset(model, loader, evaluator)
        if comm.is_main_process():
            results[name] = found
            logger.info(f"{name}, per class:\n{per_class_table(found)}")
            print_csv_format(found)
    if comm.is_main_process():
        _write_records(cfg, results, images)
    return results


def _write_records(cfg: CfgNode, results: dict[str, Any], images: dict[str, Any]) -> None:
    os.makedirs(cfg.OUTPUT_DIR, exist_ok=True)
    with open(os.path.join(cfg.OUTPUT_DIR, "environment.txt"), "w") as file:
        file.write(collect_env_info() + "\n")
    vocabulary = vocabulary_from_config(cfg)
    record = {
        "results": _without_nan(results),
        "images": images,
        "vocabulary": {"name": vocabulary.name, "sha256": vocabulary.digest},
    }
    with open(os.path.join(cfg.OUTPUT_DIR, "results.json"), "w") as file:
        json.dump(record, file, indent=2, allow_nan=False)
    logger.info(f"Results, config, log and environment are in {cfg.OUTPUT_DIR}")


def _without_nan(value: Any) -> Any:
    """JSON has no NaN, the metric of a class without ground truth: None in its place."""
    if isinstance(value, dict):
        return {key: _without_nan(item) for key, item in value.items()}
    return None if isinstance(value, float) and math.isnan(value) else value
