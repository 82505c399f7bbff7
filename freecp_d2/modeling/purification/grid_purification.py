"""
Purification of another model's class scores on a grid of patches, window by window.

Shapes: N windows, C channels, K words, H x W pixels, h x w patches.
"""

from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from itertools import repeat
from typing import Any, NamedTuple

from torch import Tensor, nn

from ...method import min_max_normalise
from ...utils.device import to_host, without_autocast
from ..affinity import AffinityHead
from ..inputs import FiniteChecks
from ..windows import Window, check_window_sizes, cut_windows, run_on_windows, windows_of_images
from .build import ClassifyBoxes, PurificationOutput
from .class_scores import ScoreChannels, as_maps, cut_maps, pool_to_grid
from .crop_classifier import CropClassifier, CropFeatures, crop_batch_size, elect_by_score
from .decisions import Decisions, PlacedWindow, PurificationInputs, PurifiedBatch
from .diagnosis import WindowDiagnosis, diagnose_windows, scale_boxes
from .gating import gates, stitch_gates
from .image_grid import ImageGrid
from .once_per_image import ImageClassPurification, decide_image, diagnose_places
from .wrapped_outputs import HostCues, features_on


class Decision(NamedTuple):
    """
    The purification of one image.

    Attributes:
        gate: where each channel may have a score, bool (C, h, w).
        windows: the diagnosis of each window; empty if not asked for.
        decisions: for an evaluator; its `read_out` gives gates.
    """

    gate: Tensor
    windows: list[WindowDiagnosis]
    decisions: Decisions


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
        cues: Sequence[HostCues] = (),
        *,
        diagnose: bool = False,
    ) -> Iterator[Decision]:
        """
        Decide for each image, in order.

        Args:
            images: in [0, 255], each of shape (3, H, W), channels as the view's input format.
            scores: of each image, not negative, shape (C, H', W') with pixels of its own.
            cues: of each image; empty: there are none.

        Raises `ValueError` if C does not fit the words, or the affinity head needs a CLIP.
        """
        patch = self.view.patch_size
        fitted = [self.view.fit(image) for image in images]
        sizes = [(x.shape[1], x.shape[2]) for x in fitted]
        grids = [(height // patch, width // patch) for height, width in sizes]
        maps = [as_maps(pool_to_grid(x, grid)) for x, grid in zip(scores, grids, strict=True)]
        windows = windows_of_images(sizes, self.view.window_size, self.view.window_stride)
        names = self.channels.word_names(len(maps[0])) if maps else ()
        crops, cues = CropFeatures(), cues or [HostCues()] * len(images)
        tokens = features_on(cues, maps)

        def run(batch: list[Window]) -> Iterator[tuple[PlacedWindow, Any, Any]]:
            given = cut_maps(tokens, batch, patch) if tokens else None
            pixels, own = cut_windows(fitted, batch, patch), cut_maps(maps, batch, patch)
            return self._purify(pixels, own, batch, crops, given, names if diagnose else None)

        for i, results in enumerate(run_on_windows(windows, self.batch_size, run)):
            own, opened, reasons = map(list, zip(*(found for _, found in results), strict=True))
            of_image = [window for window, _, _ in own]
            gate = partial(self._gate, windows=of_image, grid=grids[i])
            if isinstance(self.purification_head, ImageClassPurification):
                own = self._decide_image(own, scores[i], cues[i].presence)
                reasons = diagnose_places(own, names, patch) if diagnose else []
                opened_image = gate([(purified.found, n) for _, purified, n in own])
            else:
                opened_image = self._stitch(opened, of_image, grids[i])
            scales = [images[i].shape[k] / fitted[i].shape[k] for k in (2, 1, 2, 1)]
            channels = self.channels.words(len(maps[i]))
            yield Decision(
                opened_image,
                [scale_boxes(reason, scales) for reason in reasons] if diagnose else [],
                Decisions(own, self.purification_head, sizes[i], patch, channels, gate),
            )

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

    def _purify(
        self,
        pixels: Tensor,
        maps: Tensor,
        windows: list[Window],
        crops: CropFeatures,
        tokens: Tensor | None,
        names: tuple[str, ...] | None,
    ) -> Iterator[tuple[PlacedWindow, Any, WindowDiagnosis | None]]:
        """
        Of each window of one size: purification, gate, and with `names` diagnosis; of an image
        head, which decides later, neither of the last two.
        """
        checks = FiniteChecks()
        head: Any = self.purification_head
        inputs = self._prepare(pixels, maps, windows, crops, checks, tokens)
        is_preview = isinstance(head, ImageClassPurification)
        found = (head.preview if is_preview else head)(*inputs)
        own_gates = () if is_preview else (gates(found),)
        found, (flags, *opened) = found.on_host(checks.flags(), *own_gates)
        checks.raise_for(flags)
        gate: Iterable[Any] = opened[0] if opened else repeat(None, len(windows))
        reasons: Iterable[WindowDiagnosis | None] = repeat(None, len(windows))
        if names is not None and not is_preview:
            reasons = diagnose_windows(found, windows, names, self.view.patch_size)
        purified = PurifiedBatch(inputs, found, checks=checks)
        places = [(window, purified, n) for n, window in enumerate(windows)]
        return zip(places, gate, reasons, strict=True)

    def _gate(
        self,
        found: Sequence[tuple[PurificationOutput, int]],
        windows: list[Window],
        grid: tuple[int, int],
    ) -> Tensor:
        """Where each channel of an image may have a score, bool (C, h, w)."""
        batches = {id(output): output for output, _ in found}
        opened = {key: gates(output) for key, output in batches.items()}
        return self._stitch([opened[id(output)][n] for output, n in found], windows, grid)

    def _stitch(self, opened: list[Tensor], windows: list[Window], grid: tuple[int, int]) -> Tensor:
        """The gate of an image, bool (C, h, w), from those of its windows."""
        words = stitch_gates(list(zip(windows, opened, strict=True)), grid, self.view.patch_size)
        gate = words.new_ones(len(words) + (self.channels.background >= 0), *grid)
        gate[self.channels.words(len(gate))] = words
        return gate

    @without_autocast
    def _prepare(
        self,
        pixels: Tensor,
        maps: Tensor,
        windows: list[Window],
        crops: CropFeatures,
        checks: FiniteChecks,
        tokens: Tensor | None,
    ) -> PurificationInputs:
        """
        The arguments of the head for windows of one size: normalised pixels (N, 3, H, W), maps of
        all channels (N, C, h, w), features of the wrapped model (N, D, h, w).
        """
        words, view = self.channels.words(maps.shape[1]), self.view
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
        return PurificationInputs(maps[:, words], cam[:, words], transition, classify)
