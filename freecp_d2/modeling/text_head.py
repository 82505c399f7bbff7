"""
The text side of the model: a vocabulary as features, and patch features as class maps.

Shape shorthand in this module: N windows, W words, B background words (first), K foreground
classes, D embedding, h x w patches.
"""

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ..d2 import CfgNode, MetadataCatalog, comm, configurable
from ..method import class_activation_maps, merge_synonyms, min_max_normalise
from ..text import (
    Descriptions,
    TextClassifier,
    TextEncoder,
    Vocabulary,
    get_templates,
    load_descriptions,
    load_vocabulary,
)
from .backbone import load_clip_from_config


class TextHead(nn.Module):
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
        encoder: TextEncoder | None = None,
        templates: tuple[str, ...] = (),
        descriptions: Descriptions | None = None,
        background: str = "class",
        cache_dir: str | None = None,
        batch_size: int = 256,
    ):
        """
        Args:
            vocabulary: the words.
            logit_scale: s of Eq. (1).
            encoder: encodes words at once; without one, `set_features` must be called.
            templates: for words, and for classes without descriptions.
            descriptions: for Eq. (8).
            background: what background words are: "class" or "distractor" (they join the softmax
                and are no class of the output).
            cache_dir, batch_size: see `text.TextClassifier`.

        Raises:
            ValueError: unknown `background`.
        """
        super().__init__()
        if background not in ("class", "distractor"):
            raise ValueError(
                f'MODEL.TEXT.BACKGROUND="{background}" is unknown; use class or distractor.'
            )
        self.logit_scale = logit_scale
        self.encoder = encoder
        self.templates = templates
        self.descriptions = descriptions
        self.background = background
        self.classifier_options: dict[str, Any] = {
            "cache_dir": cache_dir,
            "batch_size": batch_size,
            "show_progress": comm.is_main_process(),
        }
        self.set_vocabulary(vocabulary)

    @classmethod
    def from_config(cls, cfg: CfgNode) -> dict:
        clip = load_clip_from_config(cfg)
        node = cfg.MODEL.TEXT
        return {
            "vocabulary": vocabulary_from_config(cfg),
            "logit_scale": clip.logit_scale,
            "encoder": TextEncoder(clip.model, clip.tokenizer).to(torch.device(cfg.MODEL.DEVICE)),
            "templates": get_templates(node.TEMPLATES),
            "descriptions": load_descriptions(node.DESCRIPTIONS) if node.DESCRIPTIONS else None,
            "background": node.BACKGROUND,
            "cache_dir": node.CACHE_DIR or None,
            "batch_size": node.BATCH_SIZE,
        }

    @property
    def has_background(self) -> bool:
        """Whether the output has a background class, at index 0."""
        return _has_background(self.vocabulary, self.background)

    @property
    def output_names(self) -> list[str]:
        """Names of the output's channels, in order."""
        return ["background"] * self.has_background + list(self.vocabulary.class_names)

    def set_vocabulary(self, vocabulary: Vocabulary) -> None:
        """Change the words; costs their text features (cached on disk) and nothing else."""
        if self.encoder is None:
            self.vocabulary = vocabulary
            for name in ("word_features", "class_features", "word_to_class"):
                self.register_buffer(name, None, persistent=False)  # those of other words
            return
        words = TextClassifier.build(
            self.encoder, vocabulary, self.templates, **self.classifier_options
        )
        classes = TextClassifier.class_description_features(
            self.encoder, vocabulary, self.descriptions, self.templates, **self.classifier_options
        )
        self.vocabulary = vocabulary  # only now: a failure leaves the old words whole
        self.set_features(words, classes)

    def set_features(self, word_features: Tensor, class_features: Tensor) -> None:
        """
        Args:
            word_features: unit rows, `vocabulary.words` in order, shape (W, D).
            class_features: unit rows, one a foreground class, shape (K, D).

        Raises:
            ValueError: the rows do not fit the vocabulary.
        """
        expected = (len(self.vocabulary.words), self.vocabulary.num_classes)
        if (len(word_features), len(class_features)) != expected:
            raise ValueError(
                f"Got {len(word_features)} word and {len(class_features)} class features for a "
                f"vocabulary of {expected[0]} words in {expected[1]} classes."
            )
        word_to_class = torch.tensor(self.vocabulary.word_to_class, device=word_features.device)
        self.register_buffer("word_features", word_features, persistent=False)
        self.register_buffer("class_features", class_features, persistent=False)
        self.register_buffer("word_to_class", word_to_class, persistent=False)

    def forward(self, patch_tokens: Tensor, allowed: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """
        Eq. (1) for the foreground classes; all words take part in softmax and min-max.

        Args:
            patch_tokens: shape (N, D, h, w).
            allowed: classes of each window, bool, shape (N, K), as if there were no others; the
                background words stay. None takes all.

        Returns:
            tuple[Tensor, Tensor]: M and its global min-max, each of shape (N, K, h, w).

        Raises:
            ValueError: the words have no features yet.
        """
        if self.word_features is None:
            raise ValueError(
                f"The words of {self.vocabulary.name} have no features: this text head has no "
                "encoder; call set_features."
            )
        skip, num_classes = self.vocabulary.num_background, self.vocabulary.num_classes
        words = None
        if allowed is not None:
            words = F.pad(allowed[:, self.word_to_class], (skip, 0), value=True)
        cam = class_activation_maps(patch_tokens, self.word_features, self.logit_scale, words)
        stretched = min_max_normalise(cam, words)
        maps, stretched = cam[:, skip:], stretched[:, skip:]
        if len(self.word_to_class) == num_classes:  # no synonyms: words are in class order
            return maps, stretched
        return (
            merge_synonyms(maps, self.word_to_class, num_classes),
            merge_synonyms(stretched, self.word_to_class, num_classes),
        )


def vocabulary_from_config(cfg: CfgNode) -> Vocabulary:
    """
    The words of MODEL.TEXT.VOCABULARY or, by default, of the datasets in DATASETS.TEST.

    Raises:
        ValueError: neither names words; the datasets differ in theirs; the number of classes is
            not that of the datasets.
    """
    metadata = [MetadataCatalog.get(name) for name in cfg.DATASETS.TEST]
    names = sorted({m.get("vocabulary") for m in metadata if m.get("vocabulary")})
    if not cfg.MODEL.TEXT.VOCABULARY and len(names) != 1:
        raise ValueError(
            f"DATASETS.TEST = {tuple(cfg.DATASETS.TEST)} names the vocabularies {names}, one is "
            "needed; evaluate one benchmark a run or set MODEL.TEXT.VOCABULARY to a name or a path."
        )
    vocabulary = load_vocabulary(cfg.MODEL.TEXT.VOCABULARY or names[0])
    num_outputs = vocabulary.num_classes + _has_background(vocabulary, cfg.MODEL.TEXT.BACKGROUND)
    for data in metadata:
        expected = len(data.get("stuff_classes", [None] * num_outputs))
        if expected != num_outputs:
            raise ValueError(
                f"{data.name} has {expected} classes, the vocabulary {vocabulary.name} gives "
                f"{num_outputs}; change DATASETS.TEST, MODEL.TEXT.VOCABULARY or "
                "MODEL.TEXT.BACKGROUND."
            )
    return vocabulary


def _has_background(vocabulary: Vocabulary, background: str) -> bool:
    """Whether background words, if there are any, are a class of the output."""
    return background == "class" and vocabulary.num_background > 0
