"""From the maps of an image's windows to what `FreeCPSegmentor` returns for it."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from torch import Tensor, nn

from ..background import OutputClasses
from ..purification.build import PurificationOutput
from ..purification.decisions import Decisions
from ..purification.diagnosis import SegmentedImage
from ..stitching import ClassScores, full_scores, label_map, resize_scores, stitch
from ..text_head import TextHead
from ..windows import Window


def output_size(x: Mapping[str, Any], size: tuple[int, int]) -> tuple[int, int]:
    """(height, width) of the result of an input; by default `size`, that of the network."""
    return (x.get("height") or size[0], x.get("width") or size[1])


def combine_windows(
    maps: Sequence[Tensor],
    alive: Sequence[Tensor] = (),
    *,
    windows: list[Window],
    image: Tensor,
    size: tuple[int, int],
    patch_size: int,
    text_head: TextHead,
    refine: Callable[[Tensor, Tensor], Tensor] | None,
) -> ClassScores:
    """
    The class scores of one image.

    Args:
        maps, alive: of each window, see `stitch`.
        image: normalised, (3, H, W).
        size: (height, width) of the result, for the steps that run at its resolution.
        refine: the last step, see `FreeCPSegmentor`.
    """
    scores = stitch(maps, windows, (image.shape[1], image.shape[2]), patch_size, alive)
    if refine is not None:
        scores = ClassScores(scores.classes, refine(resize_scores(scores.scores, size), image))
    return text_head.finish(scores, size)


def read_out(
    found: ClassScores,
    text_head: OutputClasses,
    size: tuple[int, int],
    *,
    as_labels: bool,
) -> Tensor:
    """Scores (C, height, width) or the label map (height, width) of one image."""
    background, floor = text_head.background_is_rest, text_head.background_thresh
    if as_labels:
        return label_map(found, size, background=background, floor=floor)
    num_classes = len(text_head.output_names) - background
    return full_scores(found, num_classes, size, background=background, floor=floor)


def read_decisions(
    image: SegmentedImage,
    head: nn.Module,
    text_head: TextHead,
    finish: Callable[[ClassScores], Tensor],
) -> Decisions:
    """The decisions of `head` for an image whose windows were kept; `finish`: see `read_out`."""
    combine = image.combine
    assert combine is not None, "FreeCPSegmentor has windows"

    def returned(found: Sequence[tuple[PurificationOutput, int]]) -> Tensor:
        return finish(combine([output.maps[n] for output, n in found]))

    offset = int(text_head.has_background)
    channels = range(offset, offset + text_head.vocabulary.num_classes)
    return Decisions(image.purified, head, image.size, image.patch_size, channels, returned)
