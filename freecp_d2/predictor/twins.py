"""The base method of a model, with the same weights and words."""

from ..freecp_segmentor import FreeCPSegmentor

__all__ = ["without_purification"]


def without_purification(model: FreeCPSegmentor) -> FreeCPSegmentor:
    """
    Args:
        model: with or without purification; stays as it is.

    Returns:
        FreeCPSegmentor: without heads; encoder and text head are those of `model`, not copies.
    """
    return FreeCPSegmentor(
        backbone=model.backbone,
        text_head=model.text_head,
        affinity_head=None,
        purification_head=None,
        input_format=model.pixels.input_format,
        window_size=model.window_size,
        window_stride=model.window_stride,
        window_batch_size=model.window_batch_size,
        crop_size=model.crop_size,
        return_label_map=model.return_label_map,
    ).to(model.device)
