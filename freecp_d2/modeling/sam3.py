"""
SAM 3 with many words: an image is encoded once, the words are decoded in batches.

Shapes: W words, B words of a batch, L tokens a word, D channels, Q queries; S x S pixels of the
input, h x w cells of the masks.
"""

import hashlib
import logging
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from ..text.classifier import FeatureCache, features_key
from ..utils.device import autocast, dtype_of, without_autocast
from ..utils.imports import require_library
from .affinity.encoder import resize_to
from .finite_checks import check_finite
from .inputs import PixelNormalisation

_MAX_TOKENS = 32
"""Tokens of a word that SAM 3 was trained with, start and end included."""
_ENCODED_AT_ONCE = 64

logger = logging.getLogger(__name__)

_KEY = "MODEL.SAM3.PRETRAINED"
_MODELS = {"sam3": "Sam3Model", "sam3_video": "Sam3Model"}


class WordFeatures(NamedTuple):
    """Features of the tokens of W words, float32, (W, L, D), and which are no padding, (W, L)."""

    tokens: Tensor
    mask: Tensor


class WordMaps(NamedTuple):
    """The maps of words in one image, (B, h, w), and their presence, (B,); float32, in [0, 1]."""

    maps: Tensor
    presence: Tensor


class SAM3(nn.Module):
    """
    A `transformers.Sam3Model` and its tokenizer, for an image and any number of words. Weights are
    float32; a lower precision runs under `torch.autocast`.
    """

    def __init__(
        self,
        model: Any,
        tokenizer: Any,
        *,
        input_format: str = "RGB",
        precision: str = "fp32",
        cache_dir: str | None = None,
    ):
        """
        Args:
            input_format: "RGB" or "BGR", the channel order of the images.
            precision: fp32 | fp16 | bf16.
            cache_dir: of the words' features, see `FeatureCache`.

        Raises:
            ValueError: an unknown format or precision.
        """
        super().__init__()
        self.dtype = dtype_of(precision)
        self.model = model.float().requires_grad_(False).eval()
        self.model.set_attn_implementation("sdpa")  # `decode` gives it masks; others add them
        self.tokenizer = tokenizer
        self.pixels = PixelNormalisation((127.5,) * 3, (127.5,) * 3, input_format)
        self._cache = FeatureCache(cache_dir)

    def train(self, mode: bool = True) -> "SAM3":
        """SAM 3 stays in evaluation mode."""
        return super().train(False)

    @property
    def device(self) -> torch.device:
        return self.pixels.mean.device

    @without_autocast
    @torch.no_grad()
    def encode_words(self, words: Sequence[str], *, on_disk: bool = True) -> WordFeatures:
        """
        The features of words, as prompts without a template; cached on disk if `on_disk`. Longer
        words than SAM 3 reads are cut, with a warning.
        """
        padding = {"padding": "max_length", "max_length": _MAX_TOKENS, "truncation": True}
        tokens = self.tokenizer(list(words), return_tensors="pt", **padding)
        lengths = [len(ids) for ids in self.tokenizer(list(words))["input_ids"]]
        if cut := [word for word, n in zip(words, lengths, strict=True) if n > _MAX_TOKENS]:
            logger.warning("SAM 3 reads %d tokens; the end is cut of: %s", _MAX_TOKENS, cut)
        ids, mask = tokens["input_ids"], tokens["attention_mask"]

        def compute() -> Tensor:
            parts = zip(ids.split(_ENCODED_AT_ONCE), mask.split(_ENCODED_AT_ONCE), strict=True)
            found = torch.cat([self._encode_tokens(*part) for part in parts])
            check_finite(found, "The text encoder of SAM 3")
            return found.flatten(1)

        if on_disk:
            key = features_key(self._digest, [[*map(str, row)] for row in ids.tolist()])
            rows = self._cache.get_or_compute(key, len(words), compute)
        else:
            rows = compute()
        features = rows.view(len(words), _MAX_TOKENS, -1)
        return WordFeatures(features.to(self.device), mask.bool().to(self.device))

    def _encode_tokens(self, ids: Tensor, mask: Tensor) -> Tensor:
        """Token ids and mask, (B, L) -> features, (B, L, D)."""
        ids, mask = ids.to(self.device), mask.to(self.device)
        found = self.model.get_text_features(input_ids=ids, attention_mask=mask, return_dict=True)
        return found.pooler_output.float()

    @cached_property
    def _digest(self) -> str:
        """BLAKE2b (hex) of the weights of the text encoder."""
        content = hashlib.blake2b(f"{self.model.config.text_config}".encode(), digest_size=32)
        parts = (self.model.text_encoder, self.model.text_projection)
        for tensor in (t for part in parts for t in part.state_dict().values()):
            content.update(tensor.detach().cpu().contiguous().view(-1).view(torch.uint8).numpy())
        return content.hexdigest()

    @torch.no_grad()
    def encode_image(self, image: Tensor) -> Any:
        """The features of an image (3, H, W) in [0, 255]: `Sam3VisionEncoderOutput`."""
        size = self.model.config.image_size  # the aspect is not kept, as in training
        sides = (size, size) if isinstance(size, int) else (size[0], size[1])
        pixels = resize_to(self.pixels(image)[None], sides)
        with autocast(self.device, self.dtype):
            return self.model.get_vision_features(pixel_values=pixels)

    @staticmethod
    def image_features(vision: Any) -> Tensor:
        """Features of the whole image, one for each patch of SAM 3, float32, (D, h', w')."""
        return vision.fpn_hidden_states[2][0].float()

    @torch.no_grad()
    def decode(self, vision: Any, words: WordFeatures) -> WordMaps:
        """
        The maps of B words in one image: max(max_i sigmoid(mask_i) * score_i, sigmoid(semantic))
        times presence, the fusion of SegEarth-OV3 and ActiveSAM.
        """
        model, tokens = self.model, words.tokens
        levels, (*_, position, _) = vision.fpn_hidden_states[:-1], vision.fpn_position_encoding
        levels = [level.expand(len(tokens), *level.shape[1:]) for level in levels]
        position = position.expand(len(tokens), *position.shape[1:])
        # The parts of Sam3Model.forward, which reads from the device, in each layer, the size of
        # the grid and whether a word is padded. A mask (B, 1, 1, L) is taken as it is.
        text = {"text_features": tokens, "text_mask": words.mask[:, None, None]}
        with autocast(self.device, self.dtype):
            encoded = model.detr_encoder(
                vision_features=[levels[-1]], vision_pos_embeds=[position], **text
            )
            decoded = model.detr_decoder(
                vision_features=encoded.last_hidden_state,
                vision_pos_encoding=encoded.pos_embeds_flattened,
                spatial_shapes=torch.tensor([levels[-1].shape[2:]]),
                **text,
            )
            queries = decoded.intermediate_hidden_states[-1:]
            logits = model.dot_product_scoring(queries, tokens, words.mask)
            found = model.mask_decoder(
                decoder_queries=queries[0],
                backbone_features=levels,
                encoder_hidden_states=encoded.last_hidden_state,
                prompt_features=tokens,
                prompt_mask=text["text_mask"],
            )
        scores = logits[0].float().sigmoid()[..., None]
        instances = found.pred_masks.float().sigmoid_().mul_(scores).amax(dim=1)
        presence = decoded.presence_logits[-1].float().sigmoid().flatten()
        maps = torch.maximum(instances, found.semantic_seg[:, 0].float().sigmoid())
        return WordMaps(maps * presence[:, None, None], presence)


def load_sam3(pretrained: str) -> tuple[Any, Any]:
    """
    Load a `transformers.Sam3Model` and its tokenizer.

    Args:
        pretrained: a name of the catalogue, a hub name ("facebook/sam3"), or a folder with
            config.json, model.safetensors and the tokenizer's files.

    Raises:
        ImportError: transformers is missing, or older than SAM 3.
        FileNotFoundError: no such folder, or no tokenizer in it.
        PermissionError, ConnectionError: the repository is gated, the hub cannot be reached.
        ValueError: another kind of model, or weights of another config.
    """
    from ..checkpoint.finding import find_folder
    from ..checkpoint.transformers_folders import load_folder

    require_library("transformers", extra="sam3", user="SAM3Segmentor")
    import transformers

    if not hasattr(transformers, "Sam3Model"):
        raise ImportError(
            f"SAM3Segmentor needs transformers 5.0 or later, got {transformers.__version__}; run "
            'pip install "freecp_d2[sam3]".'
        )
    folder = find_folder(_KEY, pretrained, "sam3:sam3")
    model = load_folder(folder, _MODELS, _KEY)
    if not any((Path(folder) / name).is_file() for name in ("tokenizer.json", "vocab.json")):
        raise FileNotFoundError(  # transformers would make an empty one
            f"{folder} has no tokenizer; put tokenizer.json and tokenizer_config.json of "
            "facebook/sam3 beside the weights."
        )
    try:
        return model, transformers.AutoTokenizer.from_pretrained(folder, local_files_only=True)
    except Exception as error:  # not documented for other files
        raise ValueError(
            f"{folder} holds no tokenizer that transformers can load ({type(error).__name__}: "
            f"{error}); get the files of facebook/sam3 again."
        ) from error
