"""What kind of model a checkpoint holds, by the names of its tensors, for messages."""

from collections.abc import Iterable

VIT_KINDS = (
    "a DINOv2 with registers",
    "a ViT of timm with registers",
    "a ViT in the layout of DINO and timm",
)
"""What an affinity by DINO can run."""

_KINDS = (
    ("image_encoder.trunk.", "a SAM 2"),
    ("image_encoder.layers.0.", "a MobileSAM, whose image encoder is a TinyViT"),
    ("mask_decoder.hf_token", "an HQ-SAM"),
    ("image_encoder.blocks.", "a SAM"),
    ("shared_image_embedding.", "a SAM in transformers' layout"),
    ("logit_bias", "a SigLIP"),
    ("vision_model.embeddings.", "a CLIP in transformers' layout"),
    ("visual.", "a CLIP in OpenAI's or open_clip's layout"),
    ("embeddings.register_tokens", "a DINOv2 with registers in transformers' layout"),
    ("embeddings.patch_embeddings.", "a ViT in transformers' layout"),
    ("register_tokens", VIT_KINDS[0]),
    ("reg_token", VIT_KINDS[1]),
    ("patch_embed.proj.", VIT_KINDS[2]),
)
"""A part of a tensor's name -> what has such a tensor; the first that is found counts."""


def describe_weights(names: Iterable[str]) -> str:
    """What has tensors of these names, such as "a SAM 2"; "" if unknown."""
    found = [f".{name}" for name in names]
    return next((kind for part, kind in _KINDS if any(f".{part}" in name for name in found)), "")
