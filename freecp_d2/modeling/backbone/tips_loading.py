"""TIPSv2 of the library transformers: weights and tokenizer of a folder."""

import os
from typing import Any

from torch import Tensor, nn

from ...utils.imports import require_library
from .base import LoadedCLIP
from .clip_files import find_clip

MODELS = {"tipsv2": "Tipsv2Model"}
"""MODEL.CLIP.ARCH, which is the `model_type` in config.json -> class of transformers."""

TOKENIZER_FILES = ("tokenizer.json", "tokenizer.model")
"""Of transformers, and of SentencePiece."""


class TIPS(nn.Module):
    """
    A `transformers.Tipsv2Model` as a CLIP: `visual`, `encode_text` and `logit_scale`.

    exp(logit_scale) is 1 / temperature of its contrastive training, 197.4 for the released ones.
    """

    def __init__(self, model: Any) -> None:
        super().__init__()
        self.visual, self.text = model.vision_model, model.text_model
        self.logit_scale = nn.Parameter(-model.temperature.detach().float().log())

    def encode_text(self, tokens: Tensor) -> Tensor:
        """Token ids (B, T), padded behind the text -> its mean token after the norm, (B, D)."""
        used = tokens != self.text.config.pad_token_id
        length = int(used.sum(dim=1).max())  # padding is masked, so it can be cut off
        found = self.text(input_ids=tokens[:, :length], attention_mask=used[:, :length].long())
        return found.pooler_output


class TIPSTokenizer:
    """
    The `transformers.Tipsv2Tokenizer` of a folder, with the signature of `CLIPTokenizer`. It lowers
    the case; there are no start and end tokens.
    """

    def __init__(self, folder: str, context_length: int) -> None:
        from transformers import Tipsv2Tokenizer

        # Without these files the library makes a tokenizer without words.
        if not any(os.path.isfile(os.path.join(folder, name)) for name in TOKENIZER_FILES):
            raise FileNotFoundError(
                f"{folder} has no tokenizer of TIPSv2; put one of {TOKENIZER_FILES} there."
            )
        try:
            self._tokenizer: Any = Tipsv2Tokenizer.from_pretrained(folder, local_files_only=True)
        except Exception as error:  # not documented
            raise ValueError(
                f"{folder} has a tokenizer that transformers cannot read ({error}); get it from "
                "the hub again. tokenizer.model needs the packages sentencepiece and protobuf."
            ) from error
        self.num_tokens, self.context_length = len(self._tokenizer), context_length

    def __call__(self, texts: list[str], context_length: int | None = None) -> Tensor:
        """Ids and padding of B prompts, int64, (B, T); longer prompts are cut."""
        length = context_length or self.context_length
        options = {"padding": "max_length", "truncation": True, "return_tensors": "pt"}
        return self._tokenizer(texts, max_length=length, **options)["input_ids"]


def load_tips(arch: str, pretrained: str, merges: str, activation: str) -> LoadedCLIP:
    """
    See `load_clip`; `pretrained` is a folder with config.json, model.safetensors and a tokenizer.

    Raises `ImportError` without transformers, or with one that lacks TIPSv2.
    """
    from ...checkpoint.transformers_folders import load_folder

    if arch not in MODELS:
        raise ValueError(
            f'MODEL.CLIP.ARCH="{arch}" is no model of MODEL.CLIP.LIBRARY transformers; use one of '
            f"{[*MODELS]}."
        )
    if merges or activation != "auto":
        raise ValueError(
            f'MODEL.CLIP.MERGES="{merges}" and ACTIVATION="{activation}" are not read with '
            'MODEL.CLIP.LIBRARY transformers; use "" and auto.'
        )
    require_library("transformers", extra="tips", user='MODEL.CLIP.LIBRARY="transformers"')
    folder = find_clip(pretrained, arch, ("tips:b14", "tips:l14"))
    model = load_folder(folder, {arch: MODELS[arch]}, "MODEL.CLIP.PRETRAINED")
    sizes = model.config.text_config
    tokenizer = TIPSTokenizer(folder, sizes.max_position_embeddings)
    if tokenizer.num_tokens > sizes.vocab_size:
        raise ValueError(
            f"{folder}: its tokenizer has {tokenizer.num_tokens} tokens, its config.json "
            f"{sizes.vocab_size}; put the tokenizer of these weights there."
        )
    # Pixels in [0, 1], without mean and deviation.
    return LoadedCLIP(TIPS(model), tokenizer, (0.0, 0.0, 0.0), (255.0, 255.0, 255.0))
