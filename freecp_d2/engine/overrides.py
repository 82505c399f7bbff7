"""Thresholds in a config: yacs allows a key one type, they are a number or "auto"."""

from collections.abc import Sequence

from ..d2 import CfgNode
from ..modeling.purification.thresholds import THRESHOLD_KEYS, read_threshold

__all__ = ["merge_overrides", "settle_thresholds"]


def merge_overrides(cfg: CfgNode, opts: Sequence[str]) -> None:
    """
    `cfg.merge_from_list(opts)`, but "auto" may follow a number and a number "auto".

    Args:
        opts: alternating keys and values.

    Raises:
        AssertionError, KeyError, ValueError: as `merge_from_list`.
    """
    for i in range(0, len(opts), 2):
        for node, name in _nodes(cfg):
            if opts[i] == f"MODEL.PURIFICATION_HEAD.{name}":
                node.THRESH = None  # whose type gives way to any
        cfg.merge_from_list(list(opts[i : i + 2]))


def settle_thresholds(cfg: CfgNode) -> None:
    """
    Check them, and make integers floats; None, which leaves them to the head, stays.

    Raises:
        ValueError: see `modeling.thresholds.read_threshold`.
    """
    for node, name in _nodes(cfg):
        if node.THRESH is not None:
            node.THRESH = read_threshold(name, node.THRESH)


def _nodes(cfg: CfgNode) -> list[tuple[CfgNode, str]]:
    head = cfg.MODEL.PURIFICATION_HEAD
    return list(zip((head.REDUNDANCY, head.AMBIGUITY), THRESHOLD_KEYS, strict=True))
