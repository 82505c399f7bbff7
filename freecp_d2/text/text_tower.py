"""
The text towers of `clip` and `open_clip` models.

Shape letters: `B` prompts, `T` tokens a prompt (77 in CLIP), `n <= T` tokens up to the last end
token, `W` the tower's width, `D` embedding.

A CLIP text tower is causal and returns the feature of the end token, so tokens behind it have no
effect. Cutting a batch behind its last end token is exact, and about five times faster for prompts
such as "a photo of a cat.".
"""

import copy
import sys
from typing import Any, cast

import torch
from torch import Tensor, nn

from ..utils.device import layer_norm


class CausalTextTower(nn.Module):
    """
    A causal text tower that runs on the tokens up to the last end token of a batch.

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
    if isinstance(model, torch.jit.ScriptModule):
        raise ValueError(
            "got a TorchScript CLIP, expected an nn.Module; load it with clip.load(..., jit=False)."
        )
    if _is_library_class(model, "clip.model", "CLIP"):
        return CausalTextTower(model)
    if (tower := _open_clip_tower(model)) is not None:
        return tower
    if not callable(getattr(model, "encode_text", None)):
        raise ValueError(
            f"got a {type(model).__name__} without encode_text, expected a CLIP model loaded by "
            "clip.load or open_clip.create_model; pass the whole model, not one of its towers."
        )
    return LibraryTextTower(model)


def _open_clip_tower(model: nn.Module) -> CausalTextTower | None:
    """The tower of an `open_clip` model, or None if cutting is not known to be exact."""
    source: Any = model
    prefix = "text_"
    if _is_library_class(model, "open_clip.model", "CustomTextCLIP"):
        source, prefix = model.text, ""
        if not _is_library_class(source, "open_clip.transformer", "TextTransformer"):
            return None
    elif not _is_library_class(model, "open_clip.model", "CLIP"):
        return None
    has_known_blocks = all(
        _is_library_class(block, "open_clip.transformer", "ResidualAttentionBlock")
        for block in source.transformer.resblocks
    )
    has_class_token = getattr(source, "cls_emb", None) is not None
    pool_type = getattr(source, f"{prefix}pool_type", None)
    if source.attn_mask is None or has_class_token or not has_known_blocks:
        return None
    if pool_type not in ("argmax", "eos"):
        return None
    return CausalTextTower(
        source, getattr(source, f"{prefix}eos_id") if pool_type == "eos" else None
    )


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
