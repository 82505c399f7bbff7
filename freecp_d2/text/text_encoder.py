"""
The text encoder of a CLIP model of `clip`, `open_clip` or another library.

Shape letters: `B` prompts, `T` tokens a prompt (77 in CLIP), `n <= T` tokens up to the last end
token, `W` the tower's width, `D` embedding.
"""

import copy
import hashlib
import logging
import sys
from collections.abc import Callable, Sequence
from typing import Any, cast

import torch
from torch import Tensor, nn

from ..utils.device import layer_norm, without_autocast

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
        tokenizer: B strings -> token ids (B, T), which cuts longer ones and takes `context_length`,
            such as `CLIPTokenizer`.

    Raises:
        ValueError: the model has no usable text tower.
    """

    def __init__(self, model: nn.Module, tokenizer: Callable[..., Tensor]) -> None:
        super().__init__()
        self.tower = build_text_tower(model)
        self.eval()
        self._tokenizer = tokenizer
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
        probe = self._tokenize([_PROBE]).tolist()
        content = hashlib.blake2b(f"{self.tower!r}{heads}{probe}".encode(), digest_size=32)
        for name, tensor in sorted(state.items()):
            content.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}".encode())
            data = tensor.detach().cpu().contiguous().reshape(-1)
            content.update(data.view(torch.uint8).numpy().tobytes())
        return content.hexdigest()

    def _tokenize(self, prompts: list[str]) -> Tensor:
        """Token ids (B, T) on the CPU; a warning for truncated prompts not reported before."""
        tokens = self._tokenizer(prompts).cpu()
        length = tokens.shape[1]
        # A token has at least one byte; the start and end tokens are two.
        long = [p for p in prompts if len(p.encode()) > length - 2 and p not in self._truncated]
        longer = self._tokenizer(long, context_length=length + 1) if long else ()
        cut = [prompt for prompt, row in zip(long, longer, strict=True) if row[-1] != 0]
        if cut:
            if len(self._truncated) > _MOST_REPORTED:
                self._truncated.clear()
            self._truncated.update(cut)
            logger.warning(
                "%s longer than the %d tokens CLIP reads; its tail is ignored. Shorten it: %r",
                "This prompt is" if len(cut) == 1 else f"Each of {len(cut)} prompts is",
                *(length, min(cut, key=len)),
            )
        return tokens


class CausalTextTower(nn.Module):
    """
    A causal text tower that returns the features of end tokens. Tokens behind the last end token of
    a batch have no effect; without them it is about five times faster for "a photo of a cat.".

    Args:
        source: the library's module, whose parts are shared.
        end_token: id of the end token; None: the highest id of a prompt.
    """

    def __init__(self, source: Any, end_token: int | None = None) -> None:
        super().__init__()
        self.token_embedding = source.token_embedding
        self.positional_embedding = source.positional_embedding
        self.transformer = source.transformer
        self.ln_final = source.ln_final
        self.text_projection = source.text_projection
        self.end_token = end_token

    def last_tokens(self, tokens: Tensor) -> Tensor:
        """Position of the end token of each prompt: (B, T) -> (B,)."""
        if self.end_token is None:
            return tokens.argmax(dim=-1)
        return torch.eq(tokens, self.end_token).int().argmax(dim=-1)

    def forward(self, tokens: Tensor) -> Tensor:
        """Token ids (B, T) on the CPU -> features of the end tokens, (B, D), in its dtype."""
        ends = self.last_tokens(tokens)
        n = int(ends.max()) + 1
        weight = self.positional_embedding
        dtype = self.transformer.resblocks[0].mlp.c_fc.weight.dtype  # LayerNorms may stay float32

        x = self.token_embedding(tokens[:, :n].to(weight.device)).to(dtype)
        x = x + weight[:n].to(dtype)
        mask = torch.full((n, n), float("-inf"), dtype=dtype, device=x.device).triu_(1)
        for block in self.transformer.resblocks:
            x = _run_block(block, x, mask)

        x = layer_norm(self.ln_final, x[torch.arange(len(x)), ends])
        if self.text_projection is None:
            return x
        if isinstance(self.text_projection, nn.Linear):
            return self.text_projection(x)
        return x @ self.text_projection


class LibraryTextTower(nn.Module):
    """Any other text tower: the library's `encode_text` on all tokens."""

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        # A shallow copy without the vision tower, which can then be freed.
        self.model = copy.copy(model)
        for table in ("_modules", "_parameters", "_buffers"):
            self.model.__dict__[table] = dict(model.__dict__[table])
        self.model._modules.pop("visual", None)

    def last_tokens(self, tokens: Tensor) -> Tensor:
        """(B, T) -> (B,), all T - 1."""
        return torch.full((len(tokens),), tokens.shape[1] - 1)

    def forward(self, tokens: Tensor) -> Tensor:
        """Token ids (B, T) on the CPU -> features (B, D)."""
        device = next(self.model.parameters()).device
        features = cast(Any, self.model).encode_text(tokens.to(device))
        # Captioning models return the features of all tokens as well.
        return features[0] if isinstance(features, tuple) else features


def build_text_tower(model: nn.Module) -> CausalTextTower | LibraryTextTower:
    """
    A `CausalTextTower` if cutting the tokens of the model is known to be exact, else a
    `LibraryTextTower`, which needs an `encode_text` that does not use `model.visual`.

    Raises:
        ValueError: the model has no `encode_text`, or is a TorchScript archive.
    """
    is_script = isinstance(model, torch.jit.ScriptModule)
    if is_script or not callable(getattr(model, "encode_text", None)):
        raise ValueError(
            f"got a {type(model).__name__} without encode_text, expected a CLIP model loaded by "
            "clip.load(..., jit=False) or open_clip.create_model; pass the whole model, not one of "
            "its towers."
        )
    source: Any = model
    if _is_library_class(model, "clip.model", "CLIP"):
        return CausalTextTower(model)
    if _is_library_class(model, "open_clip.model", "CLIP") and source.attn_mask is not None:
        has_known_blocks = all(
            _is_library_class(block, "open_clip.transformer", "ResidualAttentionBlock")
            for block in source.transformer.resblocks
        )
        pool_type = getattr(source, "text_pool_type", None)
        if has_known_blocks and pool_type in ("argmax", "eos"):
            return CausalTextTower(model, source.text_eos_id if pool_type == "eos" else None)
    return LibraryTextTower(model)


def _is_library_class(model: nn.Module, module_name: str, class_name: str) -> bool:
    """Whether a module is of that class or a subclass with the same text side; imports nothing."""
    library_class = getattr(sys.modules.get(module_name), class_name, None)
    if library_class is None or not isinstance(model, library_class):
        return False
    method = "encode_text" if hasattr(library_class, "encode_text") else "forward"
    return getattr(type(model), method) is getattr(library_class, method)


def _run_block(block: Any, x: Tensor, mask: Tensor) -> Tensor:
    """
    A residual attention block of `clip` or `open_clip`: (B, n, W) -> (B, n, W), mask (n, n).

    The `forward` of `clip` has a mask of full length, and the order of dimensions in that of
    `open_clip` depends on its version.
    """
    y = layer_norm(block.ln_1, x)
    y = y if block.attn.batch_first else y.transpose(0, 1)
    y = block.attn(y, y, y, need_weights=False, attn_mask=mask)[0]
    y = y if block.attn.batch_first else y.transpose(0, 1)
    x = x + (block.ls_1(y) if hasattr(block, "ls_1") else y)  # layer scale: open_clip only
    y = block.mlp(layer_norm(block.ln_2, x))
    return x + (block.ls_2(y) if hasattr(block, "ls_2") else y)
