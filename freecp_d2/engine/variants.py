"""Variants of the method, such as the columns of Tab. 1 to 3, evaluated together in one run."""

import sys
import tempfile
from argparse import Namespace
from collections import defaultdict
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from tqdm import tqdm

from ..d2 import (
    CfgNode,
    DatasetCatalog,
    comm,
    default_argument_parser,
    inference_on_dataset,
)
from ..data.mapper import FreeCPDatasetMapper
from ..data.own import register_folders
from ..evaluation.pixel_counts import PixelCounts, load_counts, save_counts
from ..modeling.backbone import load_clip_from_config
from ..modeling.backbone.cached import CachedBackbone, FeatureMemory
from ..modeling.inputs import output_size
from ..modeling.meta_arch.freecp_segmentor import FreeCPSegmentor
from ..modeling.purification.crop_classifier import CropFeatures
from ..modeling.text_head import TextHead
from ..utils.errors import USER_ERRORS, message_of
from .config_loading import load_config
from .evaluate import build_model_in_turn
from .image_errors import carrying_loader
from .launch import launch_processes

_HEAD = "MODEL.PURIFICATION_HEAD"
_REFINE = (f"{_HEAD}.REDUNDANCY.ENABLED", False, f"{_HEAD}.AMBIGUITY.ENABLED", False)


@dataclass(frozen=True)
class Variant:
    """A name for tables, and overrides of the full method's config: alternating keys and values."""

    name: str
    overrides: tuple[object, ...]


VARIANTS = (
    Variant("alone", (f"{_HEAD}.NAME", "")),
    Variant("refined, all words", _REFINE),
    Variant("refined, GT words", (*_REFINE, f"{_HEAD}.ORACLE", True)),
    Variant("RP", (f"{_HEAD}.AMBIGUITY.ENABLED", False)),
    Variant("AP", (f"{_HEAD}.REDUNDANCY.ENABLED", False)),
    Variant("AP-RP", (f"{_HEAD}.ORDER", "AP-RP")),
    Variant("RP-AP", ()),
)
"""Tab. 1 (refined, without and with the oracle), Tab. 2 (alone, RP-AP) and Tab. 3 (the orders)."""


def variant_configs(
    config_files: dict[str, str],
    variants: Iterable[Variant] = VARIANTS,
    opts: Sequence[object] = (),
) -> dict[tuple[str, str], CfgNode]:
    """
    Configs by (base method, variant's name).

    `config_files` has the config of each base method with FreeCP, `opts` further overrides for all.
    """
    return {
        (method, variant.name): load_config(file, [*map(str, variant.overrides), *map(str, opts)])
        for method, file in config_files.items()
        for variant in variants
    }


class VariantsModel(nn.Module):
    """
    Segments images with several variants.

    The encoder of a base method runs once per image, because its variants differ only in their
    heads, and base methods share the run of their tower. All variants share the features of the
    crops of Eq. (8).

    Args:
        configs: (base method, variant) -> config, with equal weights, words and windows.
    """

    def __init__(self, configs: Mapping[tuple[str, str], CfgNode]):
        super().__init__()
        if not configs:
            raise ValueError("no variants; give at least one config.")
        first = next(iter(configs.values()))
        clip = load_clip_from_config(first)
        text_head = TextHead(first, clip=clip)
        self.variants = {
            name: FreeCPSegmentor(cfg, text_head=text_head, clip=clip)
            for name, cfg in configs.items()
        }
        memory, together = FeatureMemory(), list[CachedBackbone]()
        for method in dict.fromkeys(method for method, _ in self.variants):
            models = [model for (other, _), model in self.variants.items() if other == method]
            heads = [model.affinity_head for model in models if model.affinity_head]
            layers = {layer for head in heads for layer in head.attention_layers}
            together.append(CachedBackbone(models[0].backbone, layers, memory, together))
            for model in models:
                model.backbone = together[-1]
        self.modules_ = nn.ModuleList(self.variants.values())

    @torch.no_grad()
    def forward(self, batched_inputs: list[dict[str, Any]]) -> list[dict[tuple[str, str], Tensor]]:
        """
        For each image (base method, variant) -> label map, int64 (H, W); see `segment`.

        ValueError for the "error" of an input, which `CarryingMapper` makes.
        """
        for item in batched_inputs:
            if "error" in item:
                raise ValueError(item["error"])
        found: list[dict[tuple[str, str], Tensor]] = [{} for _ in batched_inputs]
        crops: dict[Hashable, CropFeatures] = defaultdict(CropFeatures)
        for name, model in self.variants.items():
            known, words = crops[model.backbone.encode_image_key, model.crop_size], model.text_head
            images = model.segment(batched_inputs, crops=known)
            for labels, x, image in zip(found, batched_inputs, images, strict=True):
                size = output_size(x, image.size)
                labels[name] = words.read_out(image.scores, size, as_labels=True)
        return found


def count_pixels(
    configs: Mapping[tuple[str, str], CfgNode],
    *,
    processes: int = 1,
    limit: int | None = None,
    images: Sequence[int] | None = None,
) -> dict[tuple[str, str], np.ndarray]:
    """
    Segment the dataset of the configs with every variant in `processes` processes.

    Args:
        configs: (base method, variant) -> config; see `VariantsModel`.
        limit: number of images from the first; None: all.
        images: use only these, by their places in the dataset.

    Returns:
        dict: (base method, variant) -> counts of shape (I, 3, K); see `PixelCounts`.

    Raises:
        USER_ERRORS: one process, and an input is wrong.
        ProcessExitedException: several, of which one has printed its error.
    """
    args = default_argument_parser().parse_args(
        ["--num-gpus", str(processes), "--dist-url", "auto"]
    )
    with tempfile.TemporaryDirectory() as folder:
        args.configs, args.limit, args.images = dict(configs), limit, images
        args.result = str(Path(folder) / "counts.npz")
        launch_processes(_count, args)
        return load_counts(args.result)


def _count(args: Namespace) -> None:
    try:
        _count_images(args)
    except USER_ERRORS as error:
        if comm.get_world_size() == 1:
            raise
        # The launcher prints a stack trace of what is raised.
        sys.exit(f"error: {message_of(error)}")


def _count_images(args: Namespace) -> None:
    cfg = next(iter(args.configs.values()))
    (dataset,) = cfg.DATASETS.TEST
    register_folders(cfg.DATASETS.TEST)
    model = build_model_in_turn(args.configs, VariantsModel)
    mapper = FreeCPDatasetMapper.from_config(cfg) | {"oracle": True}
    records = DatasetCatalog.get(dataset)[: args.limit]
    if args.images is not None:
        records = [records[i] for i in args.images]
    loader = carrying_loader(cfg, records, FreeCPDatasetMapper(**mapper))
    images = tqdm(loader, desc=dataset, unit="image", disable=not comm.is_main_process())
    counts = inference_on_dataset(model, images, PixelCounts(dataset))
    if comm.is_main_process():
        save_counts(args.result, counts)
