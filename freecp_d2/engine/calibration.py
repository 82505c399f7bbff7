"""Choose FreeCP's two thresholds on a part of a labelled dataset, and measure them on the rest."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..d2 import CfgNode, DatasetCatalog
from ..evaluation.bootstrap import Interval, paired_bootstrap
from ..evaluation.pixel_counts import mean_iou
from .variants import Variant, count_pixels

_HEAD = "MODEL.PURIFICATION_HEAD"
TAU_R, TAU_A = f"{_HEAD}.REDUNDANCY.THRESH", f"{_HEAD}.AMBIGUITY.THRESH"

Pair = tuple[float, float]
"""tau_r and tau_a."""


@dataclass(frozen=True)
class Curve:
    """mIoU in percent on the images that choose, at each value of one threshold."""

    values: tuple[float, ...]
    scores: tuple[float, ...]

    @property
    def best(self) -> float:
        """The value of the highest score; the one in the middle, if several have it."""
        top = np.flatnonzero(np.isclose(self.scores, max(self.scores), rtol=0, atol=1e-9))
        return self.values[top[len(top) // 2]]

    @property
    def is_open(self) -> bool:
        """Whether the best value is at an end, so that there may be better ones beyond it."""
        return len(self.values) > 1 and self.best in (self.values[0], self.values[-1])


@dataclass(frozen=True)
class Calibration:
    """
    The result of `calibrate`.

    Args:
        tau_r: the curve at the config's tau_a.
        tau_a: the curve at the best tau_r.
        before, chosen: the config's thresholds and the best ones.
        part, rest: places in the dataset of the images that choose, and of the others.
        scores: mIoU of `before` and `chosen` on the rest, percent.
        difference: of the two, with its 95 % interval.
    """

    tau_r: Curve
    tau_a: Curve
    before: Pair
    chosen: Pair
    part: tuple[int, ...]
    rest: tuple[int, ...]
    scores: tuple[float, float]
    difference: Interval


def thresholds(cfg: CfgNode) -> Pair:
    """
    The two thresholds of a config.

    Raises:
        ValueError: the config has none: no FreeCP, or one of the two is automatic or off.
    """
    head = cfg.MODEL.PURIFICATION_HEAD
    if cfg.MODEL.META_ARCHITECTURE != "FreeCPSegmentor" or not head.NAME:
        raise ValueError(
            f"MODEL.META_ARCHITECTURE {cfg.MODEL.META_ARCHITECTURE} with {_HEAD}.NAME "
            f'"{head.NAME}" has no thresholds; use a config of FreeCP, such as sclip_freecp.yaml.'
        )
    for name in ("REDUNDANCY", "AMBIGUITY"):
        if head[name].MODE != "fixed" or not head[name].ENABLED:
            raise ValueError(
                f"{_HEAD}.{name} has MODE {head[name].MODE} and ENABLED {head[name].ENABLED}, "
                "expected fixed and True to choose its threshold."
            )
    return head.REDUNDANCY.THRESH, head.AMBIGUITY.THRESH


def split_images(cfg: CfgNode, share: float) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """
    Places in the dataset of a share of the images, evenly spread, and of the others.

    Raises:
        ValueError: not one dataset; a share out of (0, 1); no image on one side.
    """
    if len(cfg.DATASETS.TEST) != 1:
        raise ValueError(f"DATASETS.TEST is {tuple(cfg.DATASETS.TEST)}, expected one dataset.")
    if not 0 < share < 1:
        raise ValueError(f"--part {share}, expected a share between 0 and 1.")
    total = len(DatasetCatalog.get(cfg.DATASETS.TEST[0]))
    count = round(share * total)
    if not 0 < count < total:
        raise ValueError(
            f"--part {share} of {total} images leaves {count} to choose and {total - count} to "
            "report on, expected one or more of both; label more images or change the share."
        )
    places = set(((np.arange(count) + 0.5) * total / count).astype(int).tolist())
    return tuple(sorted(places)), tuple(i for i in range(total) if i not in places)


def calibrate(
    cfg: CfgNode,
    parts: tuple[tuple[int, ...], tuple[int, ...]],
    *,
    redundancy: Sequence[float],
    ambiguity: Sequence[float],
    processes: int = 1,
) -> Calibration:
    """
    Choose tau_r with the config's tau_a, then tau_a with the best tau_r, by mIoU on a part of the
    images; the rest compares the chosen pair with the config's.

    Args:
        parts: see `split_images`.
        redundancy, ambiguity: values to try beside the config's.

    Raises:
        ValueError: see `thresholds`.
    """
    before, (part, rest) = thresholds(cfg), parts

    def count(variants: Sequence[Variant], images: Sequence[int]) -> dict[str, np.ndarray]:
        configs = {("method", v.name): _with_options(cfg, v.overrides) for v in variants}
        counts = count_pixels(configs, processes=processes, images=images)
        return {variant: found for (_, variant), found in counts.items()}

    def curve(key: str, values: Sequence[float], fixed: tuple[object, ...]) -> Curve:
        counts = count([Variant(str(value), (*fixed, key, value)) for value in values], part)
        scores = (float(mean_iou(counts[str(value)].sum(axis=0))) for value in values)
        return Curve(tuple(values), tuple(scores))

    tau_r = curve(TAU_R, sorted({*redundancy, before[0]}), ())
    tau_a = curve(TAU_A, sorted({*ambiguity, before[1]}), (TAU_R, tau_r.best))
    chosen = tau_r.best, tau_a.best
    counts = count(
        [Variant("before", ()), Variant("chosen", (TAU_R, chosen[0], TAU_A, chosen[1]))], rest
    )
    pair = counts["before"], counts["chosen"]
    scores = float(mean_iou(pair[0].sum(axis=0))), float(mean_iou(pair[1].sum(axis=0)))
    return Calibration(tau_r, tau_a, before, chosen, part, rest, scores, paired_bootstrap(*pair))


def _with_options(cfg: CfgNode, options: Sequence[object]) -> CfgNode:
    changed = cfg.clone()
    changed.defrost()
    changed.merge_from_list(list(options))
    changed.freeze()
    return changed
