"""
A disk cache of text features.

If it cannot be read or written, a warning is logged and the features are computed.
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

FORMAT_VERSION = 2
"""Increase it when the file format or the features of the same prompts and weights change."""

logger = logging.getLogger(__name__)


def default_cache_dir() -> Path:
    """`$FREECP_CACHE` if it is set, else `~/.cache/freecp_d2/text`."""
    return Path(os.environ.get("FREECP_CACHE") or "~/.cache/freecp_d2/text").expanduser()


def features_key(encoder_digest: str, prompts: Sequence[Sequence[str]]) -> str:
    """SHA-256 (hex) of the format, the encoder and the prompts of each row."""
    content = json.dumps([FORMAT_VERSION, encoder_digest, [list(row) for row in prompts]])
    return hashlib.sha256(content.encode()).hexdigest()


class FeatureCache:
    """
    Float32 matrices in a folder, one safetensors file with a checksum per key.

    Files are written atomically, so several processes may use the same key at once.

    Args:
        cache_dir: the folder, created on the first write; None or "": `default_cache_dir()`.
    """

    def __init__(self, cache_dir: str | Path | None = None) -> None:
        self.cache_dir = Path(cache_dir).expanduser() if cache_dir else default_cache_dir()

    def path(self, key: str) -> Path:
        return self.cache_dir / f"{key}.safetensors"

    def get_or_compute(self, key: str, num_rows: int, compute: Callable[[], Tensor]) -> Tensor:
        """
        The matrix of a key, shape (num_rows, D), float32, on the CPU; computed and stored if there
        is no usable file.
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
