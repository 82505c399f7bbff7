"""
A disk cache of text features, addressed by content: weights, prompts and format decide the name.

Entries are never invalidated: other weights, words or templates have another file. A cache that
cannot be read or written is a warning, and the features are computed.
"""

import hashlib
import json
import logging
import os
from collections.abc import Callable, Sequence
from pathlib import Path

from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

from ..utils.files import write_whole

__all__ = ["FORMAT_VERSION", "FeatureCache", "default_cache_dir", "features_key"]

FORMAT_VERSION = 2
"""Increase it when the features of the same prompts and weights change, or the file format."""

logger = logging.getLogger(__name__)


def default_cache_dir() -> Path:
    """`$FREECP_CACHE` if it is set, else `~/.cache/freecp_d2/text`."""
    return Path(os.environ.get("FREECP_CACHE") or "~/.cache/freecp_d2/text").expanduser()


def features_key(encoder_digest: str, prompts: Sequence[Sequence[str]]) -> str:
    """
    SHA-256 (hex) of everything that decides a matrix of text features.

    Args:
        encoder_digest: `TextEncoder.digest`.
        prompts: the prompts of each row, in order.
    """
    content = json.dumps([FORMAT_VERSION, encoder_digest, [list(row) for row in prompts]])
    return hashlib.sha256(content.encode()).hexdigest()


class FeatureCache:
    """
    Float32 matrices in a folder, one safetensors file per key.

    Files are written atomically, so several processes may use the same key at once. A checksum
    detects damaged files.
    """

    def __init__(self, cache_dir: str | Path | None = None) -> None:
        """
        Args:
            cache_dir: the folder, created on the first write; None or "": `default_cache_dir()`.
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
            num_rows: rows that the matrix must have; a file of another shape is not used.
            compute: called if there is no usable file; its result is stored.
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
            if metadata.get("checksum") != _checksum(key, features):
                raise ValueError("its checksum is wrong")
            if features.ndim != 2 or len(features) != num_rows:
                raise ValueError(f"got shape {tuple(features.shape)}, expected ({num_rows}, D)")
        except (OSError, SafetensorError, ValueError) as error:
            logger.warning("Cannot use the cached text features %s (%s); recomputing.", path, error)
            return None
        return features

    def _store(self, key: str, features: Tensor) -> None:
        metadata = {"checksum": _checksum(key, features)}
        content = save({"features": features.contiguous()}, metadata=metadata)
        try:
            self.cache_dir.mkdir(parents=True, exist_ok=True)
            write_whole(self.path(key), content)
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
