"""
Text features of words (Eq. 1) and of class descriptions (Eq. 8).

Shape letters: `R` rows (words or classes), `B` prompts of a batch, `D` embedding.
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
from .row_memory import RowMemory
from .templates import fill_templates
from .text_encoder import TextEncoder
from .vocabulary import Vocabulary

__all__ = ["TextClassifier"]

_LONG_RUN = 2000  # prompts; below, a progress bar is noise

logger = logging.getLogger(__name__)

Prompts = tuple[str, ...]


class TextClassifier:
    """
    Turns vocabularies into the rows that image features are compared with.

    A row is the mean of its prompts' L2-normalised features, L2-normalised again. The words of a
    vocabulary are cached on disk by content, so that a second start encodes nothing, and each in
    memory, so that a vocabulary with one word more costs one word.
    """

    def __init__(
        self,
        encoder: TextEncoder,
        templates: Sequence[str],
        *,
        cache_dir: str | Path | None = None,
        batch_size: int = 256,
        show_progress: bool = True,
    ) -> None:
        """
        Args:
            encoder: the text side of CLIP.
            templates: strings with one `{}`, see `get_templates`.
            cache_dir: see `FeatureCache`.
            batch_size: prompts encoded at once.
            show_progress: draw a progress bar on long runs; False on all but the main process.

        Raises:
            ValueError: batch_size below 1.
        """
        if batch_size < 1:
            raise ValueError(
                f"got batch_size={batch_size}, expected at least 1 prompt; 256 is usual."
            )
        self.encoder, self.templates = encoder, tuple(templates)
        self.batch_size, self.show_progress = batch_size, show_progress
        self._cache, self._memory = FeatureCache(cache_dir), RowMemory()

    def word_features(
        self,
        vocabulary: Vocabulary,
        descriptions: Descriptions | None = None,
        *,
        on_disk: bool = True,
    ) -> Tensor:
        """
        Eq. (1): the text features of all words, each the mean over its prompts.

        Args:
            vocabulary: its `words` become the rows, background words first.
            descriptions: prompts to use instead of the templates for the words they know (Tab. 4).
            on_disk: read and write the cache on disk.

        Returns:
            Tensor: unit rows, shape (num_words, D), float32, on the encoder's device.

        Raises:
            ValueError: unusable templates, or a text tower that returns NaN or infinity.
        """
        rows = self._prompts(vocabulary.words, descriptions, "Eq. (1)")
        return F.normalize(self._sums(rows, on_disk), dim=-1).to(self.encoder.device)

    def class_features(
        self, vocabulary: Vocabulary, descriptions: Descriptions | None, *, on_disk: bool = True
    ) -> Tensor:
        """
        Eq. (8): the description features of the foreground classes.

        The synonyms of a class count alike, however many prompts each has: a word without
        descriptions uses the templates (Tab. 4: costs 0 to 0.3 mIoU), which are many more.

        Args:
            vocabulary: its `classes` become the rows.
            descriptions: descriptions by word; None: templates for every word.
            on_disk: read and write the cache on disk.

        Returns:
            Tensor: unit rows, shape (num_classes, D), float32, on the encoder's device.

        Raises:
            ValueError: as `word_features`.
        """
        words = vocabulary.words[vocabulary.num_background :]
        rows = self._prompts(words, descriptions, "Eq. (8)")

        sums = self._sums(rows, on_disk)
        own = torch.tensor(vocabulary.word_to_class)
        num_words = own.bincount(minlength=vocabulary.num_classes)
        num_prompts = torch.tensor([len(prompts) for prompts in rows])
        # The mean of a class of one word is the direction of the sum itself.
        weight = torch.where(num_words[own] == 1, 1.0, 1.0 / num_prompts)
        classes = sums.new_zeros(vocabulary.num_classes, sums.shape[1])
        classes.index_add_(0, own, sums * weight[:, None])
        return F.normalize(classes, dim=-1).to(self.encoder.device)

    def _prompts(
        self, words: Sequence[str], descriptions: Descriptions | None, stage: str
    ) -> list[Prompts]:
        """The prompts of each word; says once how many words fall back to the templates."""
        if descriptions is None:
            return [fill_templates(self.templates, word) for word in words]
        missing = descriptions.missing(words)
        if missing:
            named = ", ".join(missing[:10]) + (", ..." if len(missing) > 10 else ".")
            _warn_once(
                f"{descriptions.name}, for {stage}: {len(missing)} of {len(set(words))} words have "
                f"no descriptions and use the templates: {named}"
            )
        return [descriptions.prompts(word, self.templates) for word in words]

    def _sums(self, rows: Sequence[Prompts], on_disk: bool) -> Tensor:
        """The sum of the unit features of each row's prompts, shape (R, D), on the CPU."""
        digest = self.encoder.digest
        keys = [features_key(digest, [row]) for row in rows]

        def compute() -> Tensor:
            return self._memory.get_or_compute(
                keys, lambda new: self._encode([rows[i] for i in new])
            )

        if not on_disk:
            return compute()
        sums = self._cache.get_or_compute(features_key(digest, rows), len(rows), compute)
        return self._memory.get_or_compute(keys, lambda new: sums[list(new)])

    def _encode(self, rows: Sequence[Prompts]) -> Tensor:
        """
        Encodes each distinct prompt once, in batches of similar length, and adds up by row.

        Returns:
            Tensor: shape (R, D), on the CPU.
        """
        rows_of: dict[str, list[int]] = {}
        for row, prompts in enumerate(rows):
            for prompt in prompts:
                rows_of.setdefault(prompt, []).append(row)
        distinct = list(rows_of)
        is_quiet = not self.show_progress or len(distinct) <= _LONG_RUN
        bar = tqdm(total=len(distinct), desc="text features", unit="prompt", disable=is_quiet)
        sums: Tensor | None = None
        with bar as progress:
            num_tokens = dict(zip(distinct, self.encoder.num_tokens(distinct), strict=True))
            order = sorted(distinct, key=num_tokens.__getitem__)  # a batch costs its longest prompt
            for start in range(0, len(order), self.batch_size):
                batch = order[start : start + self.batch_size]
                features = F.normalize(self.encoder(batch).float(), dim=-1).cpu()
                _check_finite(features, batch)
                if sums is None:
                    sums = features.new_zeros(len(rows), features.shape[1])
                source = [i for i, prompt in enumerate(batch) for _ in rows_of[prompt]]
                target = [row for prompt in batch for row in rows_of[prompt]]
                # On the CPU, where the order of this sum, and so its rounding, is fixed.
                sums.index_add_(0, torch.tensor(target), features[source])
                progress.update(len(batch))
        assert sums is not None, "a vocabulary has at least one word, and a word has prompts"
        return sums


@lru_cache(maxsize=1000)
def _warn_once(message: str) -> None:
    """A model whose words change often, or that describes words as well, need not say it again."""
    logger.warning("%s", message)


def _check_finite(features: Tensor, prompts: Sequence[str]) -> None:
    finite = features.isfinite().all(dim=-1)
    if not finite.all():
        prompt = prompts[int(finite.int().argmin())]
        raise ValueError(
            f"got NaN or infinite text features for {prompt!r}, expected finite numbers; check the "
            "weights, or run the text tower in float32."
        )
