"""
TextHead: text features of a vocabulary, and class maps of patch features.

Shapes: N windows, W words, K foreground classes, D embedding, h x w patches.
"""

from collections.abc import Mapping

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ..d2 import CfgNode, MetadataCatalog, configurable
from ..method import class_activation_maps, merge_synonyms, min_max_normalise
from ..text import Descriptions, Vocabulary, get_templates, load_descriptions, load_vocabulary
from ..text.classifier import TextClassifier
from ..text.text_encoder import TextEncoder
from ..utils.device import without_autocast
from .backbone import LoadedCLIP, load_clip_from_config
from .cliptrase_clusters import class_votes
from .outputs import (
    ClassScores,
    OutputClasses,
    check_background,
    drop_small_classes,
    has_background,
    scores_of_cosines,
    shifted_cosines,
)
from .resampling import resample


class TextHead(OutputClasses, nn.Module):
    """Holds the words' features (Eq. 1) and the classes' description features (Eq. 8)."""

    word_features: Tensor
    class_features: Tensor
    word_to_class: Tensor

    @configurable
    def __init__(
        self,
        *,
        vocabulary: Vocabulary,
        logit_scale: float,
        classifier: TextClassifier | None = None,
        descriptions: Descriptions | None = None,
        word_descriptions: Descriptions | None = None,
        background: str = "class",
        background_thresh: float = 0.0,
        min_area: float = 0.0,
        softmax: str = "windows",
    ):
        """
        Args:
            logit_scale: s of Eq. (1).
            classifier: encodes the words; without one, call `set_features`.
            descriptions: for Eq. (8).
            word_descriptions: used instead of the templates for the words that they have.
            background: what background words are: "class" (a class with score 1 - max), "words" (a
                class with the score of its best word), "distractor" (no class of the output).
            background_thresh: the least score of the background.
            min_area: see `outputs.drop_small_classes`; only for a background of "words".
            softmax: of "windows", Eq. (1), or of the "image", see `outputs.scores_of_cosines`.

        Raises:
            ValueError: see `check_background`; a negative scale.
        """
        super().__init__()
        check_background(background, background_thresh, min_area)
        if softmax not in ("windows", "image"):
            raise ValueError(
                f'MODEL.TEXT.SOFTMAX="{softmax}" is unknown; use windows (Eq. 1) or image.'
            )
        if logit_scale < 0:
            raise ValueError(f"MODEL.CLIP.LOGIT_SCALE is {logit_scale}; expected 0 or more.")
        self.logit_scale, self.classifier = logit_scale, classifier
        self.encoder = None if classifier is None else classifier.encoder  # moves with the head
        self.descriptions, self.word_descriptions = descriptions, word_descriptions
        self.background, self.background_thresh = background, background_thresh
        self.min_area, self.softmax = min_area, softmax
        self.set_vocabulary(vocabulary)

    @classmethod
    def from_config(
        cls, cfg: CfgNode, vocabulary: Vocabulary | None = None, clip: LoadedCLIP | None = None
    ) -> dict:
        clip = load_clip_from_config(cfg, clip)
        node = cfg.MODEL.TEXT
        return {
            "vocabulary": vocabulary or vocabulary_from_config(cfg),
            "logit_scale": cfg.MODEL.CLIP.LOGIT_SCALE or clip.logit_scale,
            "classifier": build_text_classifier(cfg, clip),
            "descriptions": load_named(node.DESCRIPTIONS),
            "word_descriptions": load_named(node.WORD_DESCRIPTIONS),
            "background": node.BACKGROUND,
            "background_thresh": node.BACKGROUND_THRESH,
            "min_area": node.MIN_AREA,
            "softmax": node.SOFTMAX,
        }

    def set_vocabulary(self, vocabulary: Vocabulary, *, on_disk: bool = True) -> None:
        """Change the words; encodes those that are new. `on_disk`: use the cache on disk."""
        if self.classifier is None:
            self.vocabulary = vocabulary
            self._set_buffers(None, None, None)  # those of other words
            return
        words = self.classifier.word_features(vocabulary, self.word_descriptions, on_disk=on_disk)
        classes = self.classifier.class_features(vocabulary, self.descriptions, on_disk=on_disk)
        self.vocabulary = vocabulary  # only now: after an error the old words are still set
        self.set_features(words, classes)

    def set_features(self, word_features: Tensor, class_features: Tensor) -> None:
        """Set the unit rows of the words, (W, D), and of the foreground classes, (K, D)."""
        expected = (len(self.vocabulary.words), self.vocabulary.num_classes)
        if (len(word_features), len(class_features)) != expected:
            raise ValueError(
                f"Got {len(word_features)} word and {len(class_features)} class features for a "
                f"vocabulary of {expected[0]} words in {expected[1]} classes."
            )
        word_to_class = torch.tensor(self.map_of_words(), device=word_features.device)
        self._set_buffers(word_features, class_features, word_to_class)

    def _set_buffers(self, *features: Tensor | None) -> None:
        names = ("word_features", "class_features", "word_to_class")
        for name, value in zip(names, features, strict=True):
            self.register_buffer(name, value, persistent=False)

    @without_autocast
    def forward(
        self,
        patch_tokens: Tensor,
        allowed: Tensor | None = None,
        *,
        grid: tuple[int, int] | None = None,
    ) -> tuple[Tensor, Tensor]:
        """
        Eq. (1): M and its global min-max, (N, K, h, w), K one more with a background of "words",
        which is the first. All words take part in softmax and min-max. With the softmax of the
        "image", both are `shifted_cosines` of the words, for `finish`.

        Args:
            patch_tokens: shape (N, D, h, w).
            allowed: classes of each window, bool, shape (N, K); others are left out, background
                words are not. None: all.
            grid: to which the maps of Eq. (1) are resized. None: that of the tokens.

        Raises:
            ValueError: the words have no features yet.
        """
        if self.word_features is None:
            raise ValueError(
                f"The words of {self.vocabulary.name} have no features, and this text head has no "
                "classifier; call set_features."
            )
        owners, num_maps, words = self.word_to_class, self.num_maps, None
        skip = len(self.word_features) - len(owners)  # background words without a map
        if allowed is not None:
            words = F.pad(allowed[:, owners], (skip, 0), value=True)
        tokens = patch_tokens.float()
        if self.softmax == "image":
            maps = shifted_cosines(tokens, self.word_features)
            return maps, maps
        cam = class_activation_maps(tokens, self.word_features, self.logit_scale, words)
        if grid is not None:
            cam = resample(cam, grid)
        maps, normalized_cam = cam[:, skip:], min_max_normalise(cam, words)[:, skip:]
        if len(owners) != num_maps:  # synonyms; else words are in class order
            maps = merge_synonyms(maps, owners, num_maps)
            normalized_cam = merge_synonyms(normalized_cam, owners, num_maps)
        return maps, normalized_cam

    def votes(self, features: Mapping[str, Tensor]) -> Tensor:
        """The class maps of a base method that labels clusters, (N, K, H, W): `class_votes`."""
        self.check_votes()
        return class_votes(features, self.word_features, self.word_to_class, self.num_maps)

    def check_votes(self) -> None:
        """Raise `ValueError` for background words that would have no share of a cluster."""
        if self.vocabulary.num_background and self.background != "words":
            raise ValueError(
                f'MODEL.TEXT.BACKGROUND="{self.background}" gives background words no vote; use '
                "words with MODEL.CLIP.CLIPTRASE.VOTE."
            )

    def finish(self, found: ClassScores, size: tuple[int, int]) -> ClassScores:
        """Class scores of stitched maps; those of cosines have the `size` of the result."""
        if self.softmax == "image":
            found = scores_of_cosines(
                found, size, self.logit_scale, self.word_to_class, self.num_maps
            )
        return drop_small_classes(found, self.min_area) if self.min_area else found


def build_text_classifier(cfg: CfgNode, clip: LoadedCLIP) -> TextClassifier:
    """The classifier that encodes words with the text tower of `clip`, on MODEL.DEVICE."""
    node = cfg.MODEL.TEXT
    return TextClassifier(
        TextEncoder(clip.model, clip.tokenizer).to(torch.device(cfg.MODEL.DEVICE)),
        get_templates(node.TEMPLATES),
        cache_dir=node.CACHE_DIR or None,
        batch_size=node.BATCH_SIZE,
    )


def vocabulary_from_config(cfg: CfgNode) -> Vocabulary:
    """
    The words of MODEL.TEXT.VOCABULARY or, by default, of the datasets in DATASETS.TEST.

    Raises `ValueError` if neither names words, or if the datasets differ in words or classes.
    """
    metadata = [MetadataCatalog.get(name) for name in cfg.DATASETS.TEST]
    names = sorted({m.get("vocabulary") for m in metadata if m.get("vocabulary")})
    if not cfg.MODEL.TEXT.VOCABULARY and len(names) != 1:
        raise ValueError(
            f"DATASETS.TEST = {tuple(cfg.DATASETS.TEST)} names the vocabularies {names}, one is "
            "needed; evaluate one benchmark a run or set MODEL.TEXT.VOCABULARY to a name or a path."
        )
    vocabulary = load_vocabulary(cfg.MODEL.TEXT.VOCABULARY or names[0])
    num_outputs = vocabulary.num_classes + has_background(vocabulary, cfg.MODEL.TEXT.BACKGROUND)
    for data in metadata:
        expected = len(data.get("stuff_classes", [None] * num_outputs))
        if expected != num_outputs:
            raise ValueError(
                f"{data.name} has {expected} classes, the vocabulary {vocabulary.name} gives "
                f"{num_outputs}; change DATASETS.TEST, MODEL.TEXT.VOCABULARY or "
                "MODEL.TEXT.BACKGROUND."
            )
    return vocabulary


def load_named(descriptions: str) -> Descriptions | None:
    """The descriptions that a key of MODEL.TEXT names; None for ""."""
    return load_descriptions(descriptions) if descriptions else None
