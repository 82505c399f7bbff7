"""
Purification of another model's class scores on a grid of patches, window by window.

Shapes: N windows, C channels, K words, H x W pixels, h x w patches.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import lru_cache, partial
from typing import Any

import torch.nn.functional as F
from torch import Tensor, nn

from ...method import min_max_normalise
from ...utils.device import to_host, without_autocast
from ..affinity import AffinityHead
from ..finite_checks import FiniteChecks
from ..resampling import resample
from ..windows import Window, check_window_sizes, cut_windows, run_on_windows
from .build import (
    ClassifyBoxes,
    PlacedWindow,
    PurificationInputs,
    PurificationOutput,
    place_windows,
)
from .class_scores import ScoreChannels, as_maps
from .crop_classifier import CropClassifier, CropFeatures, crop_batch_size, elect_by_score
from .decisions import Decisions
from .diagnosis import WindowDiagnosis, diagnose_windows
from .gating import gates, stitch_gates
from .image_grid import ImageGrid
from .once_per_image import ImageClassPurification, decide_image


class GridPurification(nn.Module):
    """Eqs. (3) to (8) on scores that a model gave, in place of those of Eq. (1)."""

    class_features: Tensor | None

    def __init__(
        self,
        *,
        view: ImageGrid,
        affinity_head: AffinityHead,
        purification_head: nn.Module,
        channels: ScoreChannels | None = None,
        class_features: Tensor | None = None,
        winner: str = "crop",
        crop_size: int = 112,
        batch_size: int = 8,
    ):
        """
        Args:
            affinity_head, purification_head: as of `FreeCPSegmentor`.
            channels: None: words without names.
            class_features: description feature of each word for Eq. (8), shape (K, D); needs a
                CLIP in `view`. Without, "crop" leaves ambiguity groups undecided.
            winner: of a box: "crop" (Eq. 8) or "score", see `elect_by_score`.
            crop_size: side in pixels of the crops of Eq. (8).
            batch_size: most windows in one forward; crops, as many as have the same pixels.
        """
        super().__init__()
        sides = {"MODEL.PURIFICATION_HEAD.AMBIGUITY.CROP_SIZE": crop_size}
        check_window_sizes(view.patch_size, view.window_size, view.window_stride, sides, batch_size)
        if class_features is not None and view.clip is None:
            raise ValueError(
                "Got class features for the crops of Eq. (8), but no CLIP that encodes crops; give "
                "both or neither."
            )
        self.view = view
        self.affinity_head = affinity_head
        self.purification_head = purification_head
        self.channels = channels or ScoreChannels()
        self.register_buffer("class_features", class_features, persistent=False)
        self.winner, self.crop_size, self.batch_size = winner, crop_size, batch_size

    def decide(
        self,
        images: Sequence[Tensor],
        scores: Sequence[Tensor],
        outputs: Sequence[Mapping[str, Any]] = (),
        *,
        diagnose: bool = False,
    ) -> Iterator[tuple[Decisions, list[WindowDiagnosis]]]:
        """
        Decide for each image, in order: decisions whose result is where each channel may have a
        score, bool (C, h, w), and the diagnosis of each window, empty if not asked for.

        Args:
            images: in [0, 255], each of shape (3, H, W), channels as the view's input format.
            scores: of each image, not negative, shape (C, H', W') with pixels of its own.
            outputs: of the wrapped model for each image, of which two are read if they are there:
                "presence", whether each channel's word is in the image, in [0, 1], (C,); and
                "features" of the whole image, (D, h, w), in place of CLIP's patch tokens.

        Raises `ValueError` if C does not fit the words, or the affinity head needs a CLIP.
        """
        patch = self.view.patch_size
        fitted = [self.view.fit(image) for image in images]
        sizes = [(x.shape[1], x.shape[2]) for x in fitted]
        maps = [
            as_maps(F.adaptive_avg_pool2d(own, (height // patch, width // patch)))
            for own, (height, width) in zip(scores, sizes, strict=True)
        ]
        names = self.channels.word_names(len(maps[0])) if maps else ()
        crops, outputs = CropFeatures(), outputs or [{}] * len(images)
        tokens = _tokens(outputs, maps)

        def run(batch: list[Window]) -> list[PlacedWindow]:
            cells = [Window(i, *(side // patch for side in sides)) for i, *sides in batch]
            given = cut_windows(tokens, cells, 1) if tokens else None
            pixels = cut_windows(fitted, batch, patch)
            return self._purify(pixels, cut_windows(maps, cells, 1), batch, crops, given)

        opened = lru_cache(maxsize=1)(gates)  # several images may share an output
        size, stride = self.view.window_size, self.view.window_stride
        for i, own in enumerate(run_on_windows(sizes, size, stride, self.batch_size, run)):
            if isinstance(self.purification_head, ImageClassPurification):
                own = self._decide_image(own, scores[i], outputs[i].get("presence"))
            grid = (maps[i].shape[1], maps[i].shape[2])
            gate = partial(self._gate, opened, [window for window, *_ in own], grid)
            scales = tuple(images[i].shape[k] / fitted[i].shape[k] for k in (2, 1, 2, 1))
            reasons = diagnose_windows(own, names, scales) if diagnose else []
            channels = self.channels.words(len(maps[i]))
            yield Decisions(own, self.purification_head, sizes[i], channels, gate), reasons

    def _decide_image(
        self, windows: list[PlacedWindow], scores: Tensor, presence: Tensor | None
    ) -> list[PlacedWindow]:
        """`decide_image` with the wrapped model's scores (C, H, W) and presence (C,)."""
        words = self.channels.words(len(scores))
        highest = scores.flatten(1).amax(dim=1)[words]
        presence = highest if presence is None else presence.to(highest)[words]
        highest, presence = to_host(highest, presence)
        head: Any = self.purification_head
        return decide_image(head, windows, probability=highest, presence=presence)

    def _gate(
        self,
        opened: Callable[[PurificationOutput], Tensor],
        windows: list[Window],
        grid: tuple[int, int],
        found: Sequence[tuple[PurificationOutput, int]],
    ) -> Tensor:
        """Where each channel of an image may have a score, bool (C, h, w); `opened` is `gates`."""
        own = [opened(output)[n] for output, n in found]
        words = stitch_gates(list(zip(windows, own, strict=True)), grid, self.view.patch_size)
        gate = words.new_ones(len(words) + (self.channels.background >= 0), *grid)
        gate[self.channels.words(len(gate))] = words
        return gate

    @without_autocast
    def _purify(
        self,
        pixels: Tensor,
        maps: Tensor,
        windows: list[Window],
        crops: CropFeatures,
        tokens: Tensor | None,
    ) -> list[PlacedWindow]:
        """
        Purify windows of one size: normalised pixels (N, 3, H, W), maps of all channels (N, C, h,
        w), features of the wrapped model (N, D, h, w).
        """
        words, view, checks = self.channels.words(maps.shape[1]), self.view, FiniteChecks()
        classify: ClassifyBoxes | None = None
        if self.winner == "score":
            classify = elect_by_score(maps[:, words])
        elif view.clip is not None and self.class_features is not None:
            classify = CropClassifier(
                pixels,
                view.clip.encode_image,
                self.class_features,
                patch_size=view.patch_size,
                crop_size=self.crop_size,
                batch_size=crop_batch_size(self.batch_size, view.window_size, self.crop_size),
                windows=windows,
                known=crops,
                check=checks.add,
            )
        transition = view.transition(pixels, self.affinity_head, checks, tokens)
        cam = min_max_normalise(maps)
        inputs = PurificationInputs(maps[:, words], cam[:, words], transition, classify)
        head: Any = self.purification_head
        found = (head.preview if isinstance(head, ImageClassPurification) else head)(*inputs)
        return place_windows(windows, found, view.patch_size, checks, inputs)


def _tokens(outputs: Sequence[Mapping[str, Any]], maps: Sequence[Tensor]) -> list[Tensor]:
    """The features of each image on the grid of its maps, (D, h, w); empty if none has any."""
    features = [x["features"] for x in outputs if x.get("features") is not None]
    if features and len(features) != len(outputs):
        raise ValueError(
            'Some outputs of the wrapped model have "features" and others have none; expected '
            "them of all images or of none."
        )
    return [
        resample(own.to(found), (found.shape[1], found.shape[2]))
        for own, found in zip(features, maps, strict=False)
    ]
