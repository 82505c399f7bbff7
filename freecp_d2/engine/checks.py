"""Checks of a run before its processes start and its words are encoded."""

import os
from typing import NamedTuple

import torch
from torch import nn

from ..d2 import CfgNode, build_model
from ..data.dataset_checks import check_dataset, check_metadata, check_names
from ..data.mapper import FreeCPDatasetMapper
from ..evaluation import FreeCPSemSegEvaluator
from ..modeling.backbone import LoadedCLIP, load_clip_from_config
from ..modeling.meta_arch.freecp_segmentor import FreeCPSegmentor
from ..modeling.meta_arch.purified_segmentor import PurifiedSegmentor
from ..modeling.text_head import TextHead, load_named, vocabulary_from_config
from ..text import Vocabulary, get_templates
from .config_loading import check_device
from .evaluate import select_records
from .image_errors import skips_errors
from .predictor.building import build_segmentor


class CheckedRun(NamedTuple):
    """
    A config that `check_run` has checked, its words, and what the check has loaded and built:
    `wrapped` is SAM3Segmentor, or the model inside PurifiedSegmentor.
    """

    cfg: CfgNode
    vocabulary: Vocabulary
    clip: LoadedCLIP | None = None
    wrapped: nn.Module | None = None


def check_run(cfg: CfgNode, clip: LoadedCLIP | None = None) -> CheckedRun:
    """
    Check everything that an evaluation needs, without encoding words or loading the weights of
    affinity encoders.

    Args:
        clip: used if it is the CLIP of the config.

    Raises:
        FileNotFoundError: data, weights, words or descriptions are missing.
        ValueError: damaged data; weights, words or heads that do not fit; a setting out of range.
        OSError: OUTPUT_DIR cannot be written to.
    """
    _check_weights(cfg)
    if cfg.TEST.IMAGES_PER_BATCH < 1:
        raise ValueError(f"TEST.IMAGES_PER_BATCH is {cfg.TEST.IMAGES_PER_BATCH}; use 1 or more.")
    skips = skips_errors(cfg)
    check_device(cfg)
    os.makedirs(cfg.OUTPUT_DIR, exist_ok=True)
    for name in cfg.DATASETS.TEST:
        check_metadata(name)
    vocabulary = vocabulary_from_config(cfg)
    FreeCPDatasetMapper(cfg)
    for name in cfg.DATASETS.TEST:
        check_names(name, vocabulary)
        check_dataset(name, select_records(cfg, name), skip_damaged=skips)
        FreeCPSemSegEvaluator(name, boundary_iou=cfg.TEST.BOUNDARY_IOU)
    get_templates(cfg.MODEL.TEXT.TEMPLATES)
    load_named(cfg.MODEL.TEXT.DESCRIPTIONS)
    load_named(cfg.MODEL.TEXT.WORD_DESCRIPTIONS)
    return CheckedRun(cfg, vocabulary, *_check_model(cfg, vocabulary, clip))


def build_checked(run: CheckedRun) -> nn.Module:
    """Build the model of a run with the parts that are loaded."""
    name = run.cfg.MODEL.META_ARCHITECTURE
    if name not in ("FreeCPSegmentor", "SAM3Segmentor", "PurifiedSegmentor"):
        return build_model(run.cfg)
    if name == "SAM3Segmentor" and run.wrapped is not None:
        return run.wrapped
    parts = {} if run.wrapped is None else {"wrapped": run.wrapped}
    return build_segmentor(run.cfg, run.vocabulary, run.clip, **parts)


def _check_model(
    cfg: CfgNode, vocabulary: Vocabulary, clip: LoadedCLIP | None
) -> tuple[LoadedCLIP | None, nn.Module | None]:
    """Build the model without text features and affinity weights; return its CLIP and `wrapped`."""
    if cfg.MODEL.META_ARCHITECTURE == "FreeCPSegmentor":
        clip = load_clip_from_config(cfg, clip)
        words = TextHead(
            vocabulary=vocabulary,
            logit_scale=1.0,
            background=cfg.MODEL.TEXT.BACKGROUND,
            background_thresh=cfg.MODEL.TEXT.BACKGROUND_THRESH,
            min_area=cfg.MODEL.TEXT.MIN_AREA,
            softmax=cfg.MODEL.TEXT.SOFTMAX,
        )
        FreeCPSegmentor(cfg, clip=clip, text_head=words, affinity_weights=False)
        return clip, None
    if cfg.MODEL.META_ARCHITECTURE == "SAM3Segmentor":
        return None, build_segmentor(cfg, vocabulary)
    if cfg.MODEL.META_ARCHITECTURE != "PurifiedSegmentor":
        return None, None
    if cfg.MODEL.PURIFIED.CLIP:
        clip = load_clip_from_config(cfg, clip)
    model = PurifiedSegmentor(
        cfg,
        clip=clip,
        vocabulary=vocabulary,
        class_features=torch.zeros(vocabulary.num_classes, 1),
        affinity_weights=False,
    )
    return clip, model.wrapped


def _check_weights(cfg: CfgNode) -> None:
    """Refuse MODEL.WEIGHTS that the model does not read or that do not exist."""
    weights = cfg.MODEL.WEIGHTS
    wrapped = cfg.MODEL.PURIFIED.META_ARCHITECTURE
    takes_words = wrapped in ("FreeCPSegmentor", "SAM3Segmentor")  # which it encodes when built
    if weights and (cfg.MODEL.META_ARCHITECTURE != "PurifiedSegmentor" or takes_words):
        raise ValueError(
            f'MODEL.WEIGHTS="{weights}" is not read: a CLIP comes with its own library; '
            "use MODEL.CLIP.PRETRAINED, or MODEL.SAM3.PRETRAINED for SAM3Segmentor."
        )
    path = weights.partition("?")[0]  # options of Detectron2 may follow
    if path and "://" not in path and not os.path.isfile(path):
        raise FileNotFoundError(
            f'MODEL.WEIGHTS="{weights}" is no file; give the path of the checkpoint of '
            f'{cfg.MODEL.PURIFIED.META_ARCHITECTURE}, or "" if the model needs none.'
        )
