"""What can be wrong with a run, found before its processes start and its words are encoded."""

import os

import torch

from ..d2 import CfgNode
from ..data.mapper import FreeCPDatasetMapper
from ..evaluation import FreeCPSemSegEvaluator
from ..modeling.meta_arch.freecp_segmentor import FreeCPSegmentor
from ..modeling.meta_arch.purified_segmentor import PurifiedSegmentor
from ..modeling.text_head import TextHead, vocabulary_from_config
from ..text import get_templates, load_descriptions
from .configuration import check_device
from .evaluate import select_records
from .weights import check_weights


def check_run(cfg: CfgNode) -> None:
    """
    Build everything of an evaluation but the text features, and run nothing.

    The weights stay loaded for the model that is built next in this process.

    Raises:
        FileNotFoundError: data, weights, words or descriptions are not there.
        ValueError: data that are damaged or of another convention; weights of another architecture;
            heads that do not fit the backbone; a setting out of its range.
        OSError: OUTPUT_DIR cannot be written to.
    """
    check_weights(cfg)
    if cfg.TEST.IMAGES_PER_BATCH < 1:
        raise ValueError(f"TEST.IMAGES_PER_BATCH is {cfg.TEST.IMAGES_PER_BATCH}; use 1 or more.")
    check_device(cfg)
    os.makedirs(cfg.OUTPUT_DIR, exist_ok=True)
    FreeCPDatasetMapper(cfg)
    for name in cfg.DATASETS.TEST:  # the evaluator lists the dataset, which checks its files
        FreeCPSemSegEvaluator(name, boundary_iou=cfg.TEST.BOUNDARY_IOU)
        select_records(cfg, name)
    get_templates(cfg.MODEL.TEXT.TEMPLATES)
    for descriptions in (cfg.MODEL.TEXT.DESCRIPTIONS, cfg.MODEL.TEXT.WORD_DESCRIPTIONS):
        if descriptions:
            load_descriptions(descriptions)
    if cfg.MODEL.META_ARCHITECTURE == "FreeCPSegmentor":
        words = TextHead(
            vocabulary=vocabulary_from_config(cfg),
            logit_scale=1.0,
            background=cfg.MODEL.TEXT.BACKGROUND,
            background_thresh=cfg.MODEL.TEXT.BACKGROUND_THRESH,
        )
        FreeCPSegmentor(cfg, text_head=words)
    elif cfg.MODEL.META_ARCHITECTURE == "PurifiedSegmentor":
        num_classes = vocabulary_from_config(cfg).num_classes
        PurifiedSegmentor(cfg, class_features=torch.zeros(num_classes, 1))
