"""
Text features of words (Eq. 1) and of class descriptions (Eq. 8), and their cache on disk.

Shape letters: `R` rows (words or classes), `D` embedding.
"""

import hashlib
import json
import logging
import os
from collections.abc import Callable, Sequence
from pathlib import Path

import torch
import torch.nn.functional as F
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor
from tqdm import tqdm

from ..utils.files import write_whole
from .descriptions import Descriptions, fill_templates
from .text_encoder import TextEncoder
from .vocabulary import Vocabulary
from .vocabulary_parsing import warn_once

FORMAT_VERSION = 2
"""Increase it when the file format or the features of the same prompts and weights change."""

_LONG_RUN = 2000  # prompts from which a progress bar is drawn
_MAX_ROWS = 8192  # kept in memory, 2 to 4 kB each

Prompts = tuple[str, ...]
logger = logging.getLogger(__name__)


class TextClassifier:
    """
    Computes the text features of vocabularies.

    The feature of a word is the mean of its prompts' L2-normalised features, L2-normalised again.
    Vocabularies are cached on disk, and words in memory: only new words are encoded.

    Args:
        templates: strings with one `{}`, see `get_templates`.
        cache_dir: see `FeatureCache`.
        batch_size: prompts of a forward pass, at least 1.
        show_progress: draw a progress bar on long runs.
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
        if batch_size < 1:
            raise ValueError(f"got batch_size={batch_size}, expected at least 1; 256 is usual.")
        self.encoder, self.templates = encoder, tuple(templates)
        self.batch_size, self.show_progress = batch_size, show_progress
        self._cache = FeatureCache(cache_dir)
        self._rows: dict[str, Tensor] = {}  # key -> sum of the row's features, last used last

    def word_features(
        self,
        vocabulary: Vocabulary,
        descriptions: Descriptions | None = None,
        *,
        on_disk: bool = True,
    ) -> Tensor:
        """
        Eq. (1): the text features of `vocabulary.words`, background words first: unit rows, shape
        (num_words, D), float32, on the encoder's device.

        Args:
            descriptions: prompts that replace the templates of the words they have (Tab. 4).

        Raises:
            ValueError: unusable templates, or a text tower that returns NaN or infinity.
        """
        rows = self._prompts(vocabulary.words, descriptions, "Eq. (1)")
        return F.normalize(self._sums(rows, on_disk), dim=-1).to(self.encoder.device)

    def class_features(
        self, vocabulary: Vocabulary, descriptions: Descriptions | None, *, on_disk: bool = True
    ) -> Tensor:
        """
        Eq. (8): the description features of the foreground classes, (num_classes, D), as above.

        The synonyms of a class have equal weight, for any number of prompts. Words without
        descriptions use the templates (Tab. 4: costs 0 to 0.3 mIoU).
        """
        words = vocabulary.words[vocabulary.num_background :]
        rows = self._prompts(words, descriptions, "Eq. (8)")
        sums = self._sums(rows, on_disk)
        own = torch.tensor(vocabulary.word_to_class)
        num_words = own.bincount(minlength=vocabulary.num_classes)
        num_prompts = torch.tensor([len(prompts) for prompts in rows])
        # A class of one word has the direction of the sum itself.
        weight = torch.where(num_words[own] == 1, 1.0, 1.0 / num_prompts).to(sums)
        classes = sums.new_zeros(vocabulary.num_classes, sums.shape[1])
        classes.index_add_(0, own, sums * weight[:, None])
        return F.normalize(classes, dim=-1).to(self.encoder.device)

    def _prompts(
        self, words: Sequence[str], descriptions: Descriptions | None, stage: str
    ) -> list[Prompts]:
        """The prompts of each word; a warning names the words without descriptions once."""
        if descriptions is None:
            return [fill_templates(self.templates, word) for word in words]
        missing = descriptions.missing(words)
        if missing:
            named = ", ".join(missing[:10]) + (", ..." if len(missing) > 10 else ".")
            warn_once(
                f"{descriptions.name}, for {stage}: {len(missing)} of {len(set(words))} words have "
                f"no descriptions and use the templates: {named}"
            )
        return [descriptions.prompts(word, self.templates) for word in words]

    def _sums(self, rows: Sequence[Prompts], on_disk: bool) -> Tensor:
        """The sum of the unit features of each row's prompts, shape (R, D), on the CPU."""
        digest = self.encoder.digest
        keys = [features_key(digest, [row]) for row in rows]

        def compute() -> Tensor:
            return self._recall(keys, lambda new: self._encode([rows[i] for i in new]))

        if not on_disk:
            return compute()
        sums = self._cache.get_or_compute(features_key(digest, rows), len(rows), compute)
        return self._recall(keys, lambda new: sums[new])

    def _recall(self, keys: Sequence[str], compute: Callable[[list[int]], Tensor]) -> Tensor:
        """
        The rows of `keys` from memory, shape (R, D), on the CPU; keeps the last `_MAX_ROWS` used.

        `compute` returns the missing rows, given the first index of each missing key.
        """
        first: dict[str, int] = {}
        for i, key in enumerate(keys):
            first.setdefault(key, i)
        found = {key: self._rows.pop(key) for key in first if key in self._rows}
        missing = [key for key in first if key not in found]
        if missing:
            rows = compute([first[key] for key in missing])
            # Clones, because a view keeps all rows alive.
            found |= {key: row.clone() for key, row in zip(missing, rows, strict=True)}
        self._rows |= found  # at the end
        while len(self._rows) > _MAX_ROWS:
            del self._rows[next(iter(self._rows))]
        return torch.stack([found[key] for key in keys])

    def _encode(self, rows: Sequence[Prompts]) -> Tensor:
        """The sums, (R, D), on the CPU; each distinct prompt is encoded once, sorted by length."""
        rows_of: dict[str, list[int]] = {}
        for row, prompts in enumerate(rows):
            for prompt in prompts:
                rows_of.setdefault(prompt, []).append(row)
        distinct = list(rows_of)
        is_quiet = not self.show_progress or len(distinct) <= _LONG_RUN
        sums: Tensor | None = None
        with tqdm(total=len(distinct), desc="text features", disable=is_quiet) as bar:
            num_tokens = dict(zip(distinct, self.encoder.num_tokens(distinct), strict=True))
            order = sorted(distinct, key=num_tokens.__getitem__)  # a batch costs its longest prompt
            for start in range(0, len(order), self.batch_size):
                batch = order[start : start + self.batch_size]
                features = F.normalize(self.encoder(batch).float(), dim=-1).cpu()
                is_usable = (features.isfinite().all(dim=-1) & features.any(dim=-1)).tolist()
                if not all(is_usable):
                    raise ValueError(
                        f"got text features for {batch[is_usable.index(False)]!r} that are NaN, "
                        "infinite or all zero; get the file of MODEL.CLIP.PRETRAINED again, or use "
                        "MODEL.PRECISION fp32."
                    )
                if sums is None:
                    sums = features.new_zeros(len(rows), features.shape[1])
                source = [i for i, prompt in enumerate(batch) for _ in rows_of[prompt]]
                target = [row for prompt in batch for row in rows_of[prompt]]
                # On the CPU the order of this sum, and so its rounding, is deterministic.
                sums.index_add_(0, torch.tensor(target), features[source])
                bar.update(len(batch))
        assert sums is not None, "a vocabulary has at least one word, and a word has prompts"
        return sums


def features_key(encoder_digest: str, prompts: Sequence[Sequence[str]]) -> str:
    """SHA-256 (hex) of the format, the encoder and the prompts of each row."""
    content = json.dumps([FORMAT_VERSION, encoder_digest, [list(row) for row in prompts]])
    return hashlib.sha256(content.encode()).hexdigest()


class FeatureCache:
    """
    Float32 matrices in a folder, one safetensors file with a checksum per key.

    The folder is created on the first write; None or "" is `$FREECP_CACHE` if it is set, else
    `~/.cache/freecp_d2/text`. Files are written atomically, so several processes may use one key.
    """

    def __init__(self, cache_dir: str | Path | None = None) -> None:
        cache_dir = cache_dir or os.environ.get("FREECP_CACHE") or "~/.cache/freecp_d2/text"
        self.cache_dir = Path(cache_dir).expanduser()

    def path(self, key: str) -> Path:
        return self.cache_dir / f"{key}.safetensors"

    def get_or_compute(self, key: str, num_rows: int, compute: Callable[[], Tensor]) -> Tensor:
        """The matrix of a key, (num_rows, D), float32, on the CPU; computed if no file has it."""
        features = self._load(key, num_rows)
        if features is None:
            features = compute().detach().float().cpu()
            self._store(key, features)
        return features

    def _load(self, key: str, num_rows: int) -> Tensor | None:
        path = self.path(key)
        try:
            if not path.exists():
                return None
            with safe_open(path, framework="pt") as file:
                features = file.get_tensor("features").clone()  # not a view of the mapped file
                metadata = file.metadata() or {}
            if metadata.get("checksum") != _checksum(key, features) or len(features) != num_rows:
                raise ValueError(f"wrong checksum, or not {num_rows} rows")
        except (OSError, SafetensorError, ValueError) as error:
            logger.warning("Cannot use the cached text features %s (%s); recomputing.", path, error)
            return None
        return features

    def _store(self, key: str, features: Tensor) -> None:
        metadata = {"checksum": _checksum(key, features)}
        try:
            self.cache_dir.mkdir(parents=True, exist_ok=True)
            write_whole(self.path(key), save({"features": features.contiguous()}, metadata))
        except OSError as error:
            logger.warning(
                "Cannot store text features in %s (%s); the next start computes them again. "
                "Set FREECP_CACHE to a folder you can write to.",
                *(self.cache_dir, error),
            )


def _checksum(key: str, features: Tensor) -> str:
    """SHA-256 (hex) of a matrix, its dtype and shape, and its key."""
    content = hashlib.sha256(f"{key} {features.dtype} {tuple(features.shape)}".encode())
    content.update(features.contiguous().numpy().tobytes())
    return content.hexdigest()
