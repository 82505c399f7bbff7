"""
The text encoder of a CLIP model.

Shape letters: `B` prompts, `T` tokens a prompt (77 in CLIP), `D` embedding.
"""

import hashlib
import inspect
import logging
from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn

from ..utils.precision import without_autocast
from .text_tower import build_text_tower

Tokenizer = Callable[..., Tensor]

_CHUNK = 1024  # prompts tokenised at once, to bound the memory
_MOST_REPORTED = 10_000  # truncated prompts that are remembered, so that each is named once
# Its tokens are part of the digest, which therefore depends on the tokenizer.
_PROBE = "A photo of the CLIP's 1st café, isn't it?"

logger = logging.getLogger(__name__)


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
