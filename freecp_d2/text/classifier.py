"""
Text features of words (Eq. 1) and of class descriptions (Eq. 8).

Shape letters: `R` rows of the result (words or classes), `B` prompts of a batch, `D` embedding.
"""

import logging
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor
from tqdm import tqdm

from .cache import FeatureCache, features_key
from .descriptions import Descriptions
from .templates import fill_templates
from .text_encoder import TextEncoder
from .vocabulary import Vocabulary

__all__ = ["TextClassifier"]

_LONG_RUN = 2000  # prompts; below, a progress bar is noise

logger = logging.getLogger(__name__)


class TextClassifier:
    """
    Turns a vocabulary into the rows image features are compared with.

    A row is the mean of its prompts' L2-normalised features, L2-normalised again. Results are
    cached on disk by content, so a second start encodes nothing.
    """

    @staticmethod
    def build(
        encoder: TextEncoder,
        vocabulary: Vocabulary,
        templates: Sequence[str],
        *,
        descriptions: Descriptions | None = None,
        cache_dir: str | Path | None = None,
        batch_size: int = 256,
        show_progress: bool = True,
    ) -> Tensor:
        """
        Eq. (1): the text features of all words, each the mean over its prompts.

        Args:
            encoder: the text side of CLIP.
            vocabulary: its `words` become the rows, background words first.
            templates: strings with one `{}`, see `get_templates`.
            descriptions: prompts to use instead of the templates for the words they know (Tab. 4).
            cache_dir: see `FeatureCache`.
            batch_size: prompts encoded at once.
            show_progress: draw a progress bar on long runs; False on all but the main process.

        Returns:
            Tensor: unit rows, shape (num_words, D), float32, on the encoder's device.

        Raises:
            ValueError: unusable templates, batch_size below 1, or a text tower that returns NaN or
                infinity.
        """
        rows = _prompts(vocabulary.words, templates, descriptions)
        return _row_features(encoder, rows, cache_dir, batch_size, show_progress)

    @staticmethod
    def class_description_features(
        encoder: TextEncoder,
        vocabulary: Vocabulary,
        descriptions: Descriptions | None,
        templates: Sequence[str],
        *,
        cache_dir: str | Path | None = None,
        batch_size: int = 256,
        show_progress: bool = True,
    ) -> Tensor:
        """
        Eq. (8): the description features of the foreground classes.

        A class's prompts are those of all its synonyms together; a word without descriptions
        contributes the filled templates (Tab. 4: costs 0 to 0.3 mIoU).

        Args:
            descriptions: descriptions by word; None: templates for every word.
            encoder, vocabulary, templates, cache_dir, batch_size, show_progress: as in `build`.

        Returns:
            Tensor: unit rows, shape (num_classes, D), float32, on the encoder's device.

        Raises:
            ValueError: as `build`.
        """
        words = vocabulary.words[vocabulary.num_background :]
        rows: list[tuple[str, ...]] = [()] * vocabulary.num_classes
        prompts = _prompts(words, templates, descriptions)
        for k, word_prompts in zip(vocabulary.word_to_class, prompts, strict=True):
            rows[k] += word_prompts
        return _row_features(encoder, rows, cache_dir, batch_size, show_progress)


def _prompts(
    words: Sequence[str], templates: Sequence[str], descriptions: Descriptions | None
) -> list[tuple[str, ...]]:
    """Returns the prompts of each word, and says once how many words fall back to the templates."""
    if descriptions is None:
        return [fill_templates(templates, word) for word in words]
    missing = descriptions.missing(words)
    if missing:
        named = ", ".join(missing[:10]) + (", ..." if len(missing) > 10 else ".")
        _warn_once(
            f"{descriptions.name}: {len(missing)} of {len(set(words))} words have no descriptions "
            f"and use the templates: {named}"
        )
    return [descriptions.prompts(word, templates) for word in words]


@lru_cache(maxsize=1000)
def _warn_once(message: str) -> None:
    """A model whose words change often, or that describes words as well, need not say it again."""
    logger.warning("%s", message)


def _row_features(
    encoder: TextEncoder,
    rows: Sequence[tuple[str, ...]],
    cache_dir: str | Path | None,
    batch_size: int,
    show_progress: bool,
) -> Tensor:
    """Returns one unit row for each tuple of prompts, shape (R, D), from the cache if possible."""
    features = FeatureCache(cache_dir).get_or_compute(
        features_key(encoder.digest, rows),
        len(rows),
        lambda: _encode_rows(encoder, rows, batch_size, show_progress),
    )
    return features.to(encoder.device)


def _encode_rows(
    encoder: TextEncoder, rows: Sequence[tuple[str, ...]], batch_size: int, show_progress: bool
) -> Tensor:
    """
    Encodes each distinct prompt once, in batches of similar length, and averages by row.

    Returns:
        Tensor: shape (R, D), on the CPU.
    """
    if batch_size < 1:
        raise ValueError(f"got batch_size={batch_size}, expected at least 1 prompt; 256 is usual.")
    rows_of: dict[str, list[int]] = {}
    for row, prompts in enumerate(rows):
        for prompt in prompts:
            rows_of.setdefault(prompt, []).append(row)
    distinct = list(rows_of)
    num_tokens = dict(zip(distinct, encoder.num_tokens(distinct), strict=True))
    order = sorted(distinct, key=num_tokens.__getitem__)  # a batch costs its longest prompt

    is_quiet = not show_progress or len(order) <= _LONG_RUN
    sums: Tensor | None = None
    with tqdm(total=len(order), desc="text features", unit="prompt", disable=is_quiet) as progress:
        for start in range(0, len(order), batch_size):
            batch = order[start : start + batch_size]
            features = F.normalize(encoder(batch).float(), dim=-1).cpu()
            _check_finite(features, batch)
            if sums is None:
                sums = features.new_zeros(len(rows), features.shape[1])
            source = [i for i, prompt in enumerate(batch) for _ in rows_of[prompt]]
            target = [row for prompt in batch for row in rows_of[prompt]]
            # On the CPU, where the order of this sum, and so its rounding, is fixed.
            sums.index_add_(0, torch.tensor(target), features[source])
            progress.update(len(batch))
    assert sums is not None, "a vocabulary has at least one word, and a word at least one prompt"
    return F.normalize(sums, dim=-1)


def _check_finite(features: Tensor, prompts: Sequence[str]) -> None:
    finite = features.isfinite().all(dim=-1)
    if not finite.all():
        prompt = prompts[int(finite.int().argmin())]
        raise ValueError(
            f"got NaN or infinite text features for {prompt!r}, expected finite numbers; check the "
            "weights, or run the text tower in float32."
        )
