"""
A disk cache of text features, addressed by content: weights, prompts and format decide the name.

Nothing is ever invalidated: other weights, words or templates are another file. A cache that cannot
be read or written costs time, never a crash.
"""

import hashlib
import json
import logging
import os
import uuid
from collections.abc import Callable, Sequence
from pathlib import Path

from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

__all__ = ["FORMAT_VERSION", "FeatureCache", "default_cache_dir", "features_key"]

FORMAT_VERSION = 2
"""Raise it when the same prompts and weights give other features, or the file looks different."""

logger = logging.getLogger(__name__)


def default_cache_dir() -> Path:
    """`$FREECP_CACHE` if it is set, else `~/.cache/freecp_d2/text`."""
    return Path(os.environ.get("FREECP_CACHE") or "~/.cache/freecp_d2/text").expanduser()


def features_key(encoder_digest: str, prompts: Sequence[Sequence[str]]) -> str:
    """
    SHA-256 (hex) of all that decides a matrix of text features.

    Args:
        encoder_digest: `TextEncoder.digest`, the weights.
        prompts: the prompts of each row, in order: the words and the templates.
    """
    content = json.dumps([FORMAT_VERSION, encoder_digest, [list(row) for row in prompts]])
    return hashlib.sha256(content.encode()).hexdigest()


class FeatureCache:
    """
    Float32 matrices in a folder, one safetensors file a key.

    Files appear whole or not at all (written aside, then renamed), so that several processes may
    read and write the same key at once. A checksum guards what is read.
    """

    def __init__(self, cache_dir: str | Path | None = None) -> None:
        """
        Args:
            cache_dir: the folder, created when first written to; None or "": `default_cache_dir()`.
        """
        self.cache_dir = Path(cache_dir).expanduser() if cache_dir else default_cache_dir()

    def path(self, key: str) -> Path:
        """The file of a key, whether it exists or not."""
        return self.cache_dir / f"{key}.safetensors"

    def get_or_compute(self, key: str, num_rows: int, compute: Callable[[], Tensor]) -> Tensor:
        """
        Returns the matrix of a key, shape (num_rows, D), float32, on the CPU.

        Args:
            key: see `features_key`.
            num_rows: rows the matrix must have; a file with another shape is computed again.
            compute: called if the cache has no usable file; what it returns is stored.
        """
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
        except (OSError, SafetensorError) as error:
            logger.warning(
                "Cannot read the cached text features %s (%s); recomputing.", path, error
            )
            return None
        if metadata.get("checksum") != _checksum(key, features):
            problem = "its checksum is wrong"
        elif features.ndim != 2 or len(features) != num_rows:
            problem = f"got shape {tuple(features.shape)}, expected ({num_rows}, D)"
        else:
            return features
        logger.warning("The cached text features %s are damaged: %s; recomputing.", path, problem)
        return None

    def _store(self, key: str, features: Tensor) -> None:
        metadata = {"checksum": _checksum(key, features)}
        content = save({"features": features.contiguous()}, metadata=metadata)
        # Not tempfile, whose files only their owner can read: a cache may be shared.
        aside = self.cache_dir / f".{key[:16]}.{os.getpid()}.{uuid.uuid4().hex}.tmp"
        try:
            self.cache_dir.mkdir(parents=True, exist_ok=True)
            try:
                aside.write_bytes(content)
                os.replace(aside, self.path(key))
            finally:
                aside.unlink(missing_ok=True)
        except OSError as error:
            logger.warning(
                "Cannot store text features in %s (%s); the next start computes them again. "
                "Set FREECP_CACHE to a folder you can write to.",
                *(self.cache_dir, error),
            )


def _checksum(key: str, features: Tensor) -> str:
    """SHA-256 (hex) of a matrix, its dtype and shape, and the key it was stored under."""
    content = hashlib.sha256(f"{key} {features.dtype} {tuple(features.shape)}".encode())
    content.update(features.contiguous().numpy().tobytes())
    return content.hexdigest()
