"""Evaluation of a model on the datasets of a config."""

import logging
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from torch import nn

from ..d2 import (
    CfgNode,
    DatasetCatalog,
    DetectionCheckpointer,
    MetadataCatalog,
    build_model,
    comm,
    inference_on_dataset,
    print_csv_format,
)
from ..data.mapper import FreeCPDatasetMapper
from ..data.own import display_name
from ..evaluation import FreeCPSemSegEvaluator, confusions_table, find_confusions, per_class_table
from ..modeling.finite_checks import WeightsError
from ..modeling.meta_arch.purified_segmentor import PurifiedSegmentor
from ..modeling.text_head import vocabulary_from_config
from ..text import Vocabulary
from .image_errors import CarryingModel, carrying_loader, skips_errors
from .resuming import (
    Facts,
    PartialResults,
    check_resumable,
    open_partial,
    run_facts,
    weights_facts,
)
from .run_record import RECORD, write_record

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


def check_resume(cfg: CfgNode, vocabulary: Vocabulary) -> None:
    """ValueError if --resume would continue a run with another config, other words or images."""
    selected = {name: select_records(cfg, name) for name in cfg.DATASETS.TEST}
    check_resumable(cfg.OUTPUT_DIR, run_facts(cfg, vocabulary, selected))


def evaluate(
    cfg: CfgNode, model: nn.Module, vocabulary: Vocabulary | None = None, *, resume: bool = False
) -> dict[str, Any]:
    """
    Evaluate the model on DATASETS.TEST, with all or TEST.NUM_IMAGES images of each dataset.

    The result of each image is stored in OUTPUT_DIR/partial at once; with `resume`, images that are
    stored there are not evaluated again. Writes to OUTPUT_DIR the files of `write_reports` for each
    dataset, `environment.txt`, and last `results.json`, after that of an earlier run was removed.
    `vocabulary` is for the record; None: that of the config.

    Returns:
        dict: dataset -> {"sem_seg": {metric: percent}}; empty on all but the main process.

    Raises:
        ValueError: TEST.NUM_IMAGES is negative, or a dataset is empty; an image or a label cannot
            be read (TEST.ON_ERROR stop), or none can (skip); `resume` of a run that had another
            config, words, weights or images.
        OSError: OUTPUT_DIR cannot be written to.
    """
    selected = {name: select_records(cfg, name) for name in cfg.DATASETS.TEST}
    vocabulary = vocabulary or vocabulary_from_config(cfg)
    facts: Facts = {}
    if comm.is_main_process():
        facts = {**run_facts(cfg, vocabulary, selected), **weights_facts(model)}
    partial = open_partial(cfg.OUTPUT_DIR, facts, resume=resume)
    if comm.is_main_process():
        Path(cfg.OUTPUT_DIR, RECORD).unlink(missing_ok=True)
    found = {
        name: _evaluate_dataset(cfg, model, name, records, partial)
        for name, records in selected.items()
    }
    if not comm.is_main_process():
        return {}
    results = {name: outcome.results for name, outcome in found.items()}
    images = {
        name: {
            "evaluated": len(selected[name]) - len(outcome.skipped),
            "official": MetadataCatalog.get(name).get("num_images"),
        }
        for name, outcome in found.items()
    }
    seconds = {name: outcome.seconds for name, outcome in found.items()}
    skipped = {name: outcome.skipped for name, outcome in found.items() if outcome.skipped}
    write_record(cfg, results, images, seconds, vocabulary, skipped)
    return results


class _Outcome(NamedTuple):
    """Of a dataset: the results, empty on all but the main process; errors of skipped images."""

    results: dict[str, Any]
    skipped: dict[str, str]
    seconds: float


def _evaluate_dataset(
    cfg: CfgNode,
    model: nn.Module,
    name: str,
    records: list[dict[str, Any]],
    partial: PartialResults,
) -> _Outcome:
    start = time.perf_counter()
    missing, earlier = partial.split(name, records)
    if earlier:
        logger.info(f"{name}: {len(earlier)} images are evaluated already, {len(missing)} to go")
    skip = skips_errors(cfg)
    by_file = {record["file_name"]: record for record in missing}
    evaluator = FreeCPSemSegEvaluator(
        name,
        output_dir=os.path.join(cfg.OUTPUT_DIR, "inference", display_name(name)),
        save_predictions=cfg.TEST.SAVE_PREDICTIONS,
        boundary_iou=cfg.TEST.BOUNDARY_IOU,
        earlier=earlier,
        on_image=lambda image, result: partial.add(name, by_file[image], result),
        skip_errors=skip,
        oracles=cfg.TEST.ORACLES,
    )
    # SAN and OVSeg read the classes of this dataset.
    inputs = [{"meta": {"dataset_name": name}, **record} for record in missing]
    try:
        with _returning_decisions(model):
            found = _run(cfg, CarryingModel(model, skip_errors=skip), inputs, evaluator)
    except WeightsError:  # of all images
        raise
    except (ValueError, OSError) as error:
        can_skip = not skip and not isinstance(error, OSError)  # as that of a full disk
        advice = ", and TEST.ON_ERROR skip leaves such images out." if can_skip else "."
        raise ValueError(
            f"{str(error).rstrip('.')}. The images that are finished are stored: --resume "
            f"continues with the others{advice}"
        ) from error
    if evaluator.confusion_matrix is not None:  # the main process
        _log_tables(name, found, evaluator.confusion_matrix)
        if evaluator.skipped:
            logger.warning(
                f"{name}: {len(evaluator.skipped)} of {len(records)} images were skipped, see "
                '"skipped" in results.json. Compare only with numbers of the same images.'
            )
    return _Outcome(found, evaluator.skipped, time.perf_counter() - start)


@contextmanager
def _returning_decisions(model: nn.Module) -> Iterator[None]:
    """Let a model of this package return what its purification decided, for the evaluator."""
    before = getattr(model, "return_decisions", None)
    if before is not None:
        vars(model)["return_decisions"] = True
    try:
        yield
    finally:
        if before is not None:
            vars(model)["return_decisions"] = before


def _run(
    cfg: CfgNode,
    model: CarryingModel,
    records: list[dict[str, Any]],
    evaluator: FreeCPSemSegEvaluator,
) -> dict[str, Any]:
    """`inference_on_dataset`, for no images, too."""
    if not records:
        evaluator.reset()
        return evaluator.evaluate() or {}
    loader = carrying_loader(cfg, records, FreeCPDatasetMapper(cfg), cfg.TEST.IMAGES_PER_BATCH)
    return inference_on_dataset(model, loader, evaluator)


def _log_tables(name: str, found: dict[str, Any], matrix: np.ndarray) -> None:
    logger.info(f"{name}, per class:\n{per_class_table(found)}")
    worst = find_confusions(matrix, MetadataCatalog.get(name).stuff_classes, limit=10)
    logger.info(f"{name}, most frequent confusions:\n{confusions_table(worst)}")
    print_csv_format(found)


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
