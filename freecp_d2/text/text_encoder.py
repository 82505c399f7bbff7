"""
The text encoder of a CLIP model, and a cache of its features on disk.

Shape letters: `B` prompts, `T` tokens a prompt (77 in CLIP), `D` embedding.
"""

import hashlib
import inspect
import json
import logging
import os
from collections.abc import Callable, Sequence
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor, nn

from ..utils.device import without_autocast
from ..utils.files import write_whole
from .text_tower import build_text_tower

Tokenizer = Callable[..., Tensor]

_CHUNK = 1024  # prompts tokenised at once, to bound the memory
_MOST_REPORTED = 10_000  # truncated prompts that are remembered, so that each is named once
# Its tokens are part of the digest, which therefore depends on the tokenizer.
_PROBE = "A photo of the CLIP's 1st café, isn't it?"

logger = logging.getLogger(__name__)

FORMAT_VERSION = 2
"""Increase it when the file format or the features of the same prompts and weights change."""


class TextEncoder(nn.Module):
    """
    Encodes prompts with the text tower of a CLIP model, whose vision tower can then be freed.

    The tower shares its parameters with the model and computes no gradients.

    Args:
        model: a CLIP model (see `build_text_tower`).
        tokenizer: B strings -> token ids (B, T), such as `clip.tokenize`.

    Raises:
        ValueError: the model has no usable text tower.
    """

    def __init__(self, model: nn.Module, tokenizer: Tokenizer) -> None:
        super().__init__()
        self.tower = build_text_tower(model)
        self.eval()
        self._tokenizer = tokenizer
        self._options = frozenset(inspect.signature(tokenizer).parameters)
        self._truncated: set[str] = set()
        self._digest: tuple[object, str] | None = None

    @torch.no_grad()
    @without_autocast
    def forward(self, prompts: Sequence[str]) -> Tensor:
        """
        Encode B >= 1 prompts. Long ones are truncated, and named once in a warning.

        Returns:
            Tensor: features, not normalised, shape (B, D), float32, on the tower's device.

        Raises:
            ValueError: no prompts, or a bare string.
        """
        if isinstance(prompts, str) or len(prompts) == 0:
            raise ValueError(
                f"got prompts {prompts!r}, expected a non-empty sequence of strings; "
                'write ["a photo of a cat."].'
            )
        return self.tower(self._tokenize(list(prompts))).float()

    def num_tokens(self, prompts: Sequence[str]) -> list[int]:
        """The number of tokens that the tower reads of each prompt."""
        counts: list[int] = []
        for start in range(0, len(prompts), _CHUNK):
            tokens = self._tokenize(list(prompts[start : start + _CHUNK]))
            counts += (self.tower.last_tokens(tokens) + 1).tolist()
        return counts

    @property
    def device(self) -> torch.device:
        return next(self.tower.parameters()).device

    @property
    def digest(self) -> str:
        """BLAKE2b (hex) of what decides the features: weights and structure, tokenizer."""
        state = self.tower.state_dict()
        version = tuple(
            (tensor.data_ptr(), 0 if tensor.is_inference() else tensor._version)
            for tensor in state.values()
        )
        if self._digest is None or self._digest[0] != version:
            self._digest = (version, self._compute_digest(state))
        return self._digest[1]

    def _compute_digest(self, state: dict[str, Tensor]) -> str:
        # The module tree distinguishes GELU and QuickGELU, but not numbers of heads.
        heads = [getattr(module, "num_heads", None) for module in self.tower.modules()]
        probe = self._tokenizer([_PROBE]).tolist()
        content = hashlib.blake2b(f"{self.tower!r}{heads}{probe}".encode(), digest_size=32)
        for name, tensor in sorted(state.items()):
            content.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}".encode())
            data = tensor.detach().cpu().contiguous().reshape(-1)
            content.update(data.view(torch.uint8).numpy().tobytes())
        return content.hexdigest()

    def _tokenize(self, prompts: list[str]) -> Tensor:
        """Token ids (B, T) on the CPU; a warning for truncated prompts not reported before."""
        options = {"truncate": True} if "truncate" in self._options else {}
        tokens = self._tokenizer(prompts, **options).cpu()
        length = tokens.shape[1]
        cut_now: list[str] = []
        for prompt, row in zip(prompts, tokens, strict=True):
            # A token has at least one byte; the start and end tokens are two.
            if len(prompt.encode()) <= length - 2 or prompt in self._truncated:
                continue
            if "context_length" in self._options:
                longer = self._tokenizer([prompt], context_length=length + 1, **options).cpu()
                # A tokenizer without an end token cuts a prompt to the beginning of the longer one.
                cut = not torch.equal(longer[0, :length], row) or bool(longer[0, length] != 0)
            else:
                cut = bool(row[-1] != 0)
            if cut:
                cut_now.append(prompt)
        if cut_now:
            if len(self._truncated) > _MOST_REPORTED:
                self._truncated.clear()
            self._truncated.update(cut_now)
            logger.warning(
                "%s longer than the %d tokens CLIP reads; its tail is ignored. Shorten it: %r",
                "This prompt is" if len(cut_now) == 1 else f"Each of {len(cut_now)} prompts is",
                *(length, min(cut_now, key=len)),
            )
        return tokens


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
