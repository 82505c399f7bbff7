"""A model with other parts and the same weights and words."""

from typing import Any

from ...modeling.meta_arch.freecp_segmentor import FreeCPSegmentor

__all__ = ["with_heads"]


def with_heads(model: FreeCPSegmentor, **changes: Any) -> FreeCPSegmentor:
    """
    Args:
        model: stays as it is.
        changes: arguments of `FreeCPSegmentor` that differ.

    Returns:
        FreeCPSegmentor: all its other parts are those of `model`, not copies.
    """
    same = {
        "backbone": model.backbone,
        "text_head": model.text_head,
        "affinity_head": model.affinity_head,
        "purification_head": model.purification_head,
        "input_format": model.pixels.input_format,
        "window_size": model.window_size,
        "window_stride": model.window_stride,
        "window_batch_size": model.window_batch_size,
        "crop_size": model.crop_size,
        "oracle": model.oracle,
        "return_label_map": model.return_label_map,
    }
    return FreeCPSegmentor(**(same | changes)).to(model.device)
