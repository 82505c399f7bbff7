"""
The losses of the dense stage: patch tokens learn from crops, and crops from patch tokens.

After CLIPSelf (arXiv:2310.01403): boxes are drawn in a view of a scene, and the patch tokens of a
box learn what the tower says of its crop. No label map is shown.

Shape shorthand in this module: B views, M boxes of a view, D embedding, W texts.
"""

import copy
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from clip_model import CLIP
from freecp_d2.modeling.backbone.dense_attention import GEM, SCLIP, ClearCLIP, MaskCLIP
from towers import encode_image, encode_patches
from views import ViewBatch, pool

READOUTS = {
    "maskclip": MaskCLIP(residual=True, mlp=True),
    "sclip": SCLIP(residual=True, mlp=True),
    "clearclip": ClearCLIP(),
    "gem": GEM(),
}
"""The base methods, as configs/storybook runs them."""
SHARES = {"gem": 0.34}
"""GEM's path costs as much as the tower; a third of the views learn it."""
TEACHER = "maskclip"
"""The read-out from which crops learn."""
COSINE = 2.0
"""Weight of 1 - cos beside the divergence of the texts."""
SHARP = 1.4
"""The teacher's inverse temperature, as a multiple of the model's."""


class Captions(NamedTuple):
    """Features of captions, unit vectors (W, D), and the classes that they name, bits (W,)."""

    features: Tensor
    sets: Tensor


class Weights(NamedTuple):
    """Of the terms of `dense_losses`."""

    captions: float = 2.0
    dense: float = 1.0
    reverse: float = 0.5


def make_teacher(model: CLIP) -> CLIP:
    """A copy that no gradient reaches."""
    return copy.deepcopy(model).eval().requires_grad_(False)


@torch.no_grad()
def follow(teacher: CLIP, model: CLIP, step: int, decay: float) -> None:
    """Move the teacher towards the model: an average, over fewer steps at the start."""
    decay = min(decay, (1 + step) / (10 + step))
    for slow, fast in zip(teacher.visual.parameters(), model.visual.parameters(), strict=True):
        slow.lerp_(fast, 1 - decay)


def dense_losses(
    model: CLIP,
    teacher: CLIP,
    batch: ViewBatch,
    captions: Captions,
    others: Captions,
    weights: Weights,
    keep: float,
    crop_keep: float,
) -> tuple[Tensor, dict[str, float]]:
    """
    The weighted sum of three terms:

    - captions: `caption_loss` of the crops' class tokens.
    - dense: `disagreement` of the pooled patch tokens of a box, as each base method reads them
      out, with the class token that the teacher gives to the box's crop.
    - reverse: `disagreement` of the class token of a crop with the teacher's pooled patch tokens.

    Args:
        captions: of the batch's crops.
        others: captions of other crops; the text tower is frozen, so they cost nothing.
        keep: share of the patches of a view that the towers see.
        crop_keep: the same of a crop, which shows a box at a higher resolution than its view.

    Returns:
        tuple[Tensor, dict]: the sum, and its parts for the curve.
    """
    grid = batch.images.shape[-1] // model.visual.conv1.weight.shape[-1]
    scale = model.logit_scale.exp()
    texts = torch.cat([captions.features, others.features])
    with torch.no_grad():
        wanted = _unit(encode_image(teacher.visual, batch.crops, keep=crop_keep))
        wanted = wanted.view(*batch.boxes.shape[:2], -1)
    crops = _unit(encode_image(model.visual, batch.crops, keep=crop_keep))
    named, accuracy = caption_loss(crops, captions, others, scale)
    loss = weights.captions * named
    parts = {"captions": named, "accuracy": accuracy}
    patches, kept = encode_patches(model.visual, batch.images, READOUTS, keep=keep, share=SHARES)
    for name, found in patches.items():
        n = len(found)
        pooled, counted = pool(found, batch.boxes[:n], kept[:n], grid)
        parts[name] = disagreement(pooled[counted], wanted[:n][counted], texts, scale)
        loss = loss + weights.dense / len(patches) * parts[name]
    if weights.reverse:
        with torch.no_grad():
            only = {TEACHER: READOUTS[TEACHER]}
            seen, kept = encode_patches(teacher.visual, batch.images, only, keep=keep)
            pooled, counted = pool(seen[TEACHER], batch.boxes, kept, grid)
        mine = crops.view_as(pooled)
        parts["reverse"] = disagreement(mine[counted], pooled[counted], texts, scale)
        loss = loss + weights.reverse * parts["reverse"]
    return loss, {name: value.item() for name, value in parts.items()}


def caption_loss(
    crops: Tensor, captions: Captions, others: Captions, scale: Tensor
) -> tuple[Tensor, Tensor]:
    """
    InfoNCE in both directions; a caption that names only classes of the crop is no negative.

    Args:
        crops: unit vectors, shape (B, D).
        captions: of the crops, B of them.
        others: further captions that crops, but no caption of the batch, compete for.
        scale: inverse temperature.

    Returns:
        tuple[Tensor, Tensor]: the loss, and the share of crops whose own caption wins.
    """
    sets = torch.cat([captions.sets, others.sets])
    logits = scale * crops @ torch.cat([captions.features, others.features]).T
    is_true = (sets[None] & ~captions.sets[:, None]) == 0
    own = torch.arange(len(crops))
    is_true[own, own] = False
    logits = logits.masked_fill(is_true, -torch.inf)
    loss = F.cross_entropy(logits, own) + F.cross_entropy(logits[:, : len(crops)].T, own)
    return loss / 2, (logits.argmax(dim=1) == own).float().mean()


def disagreement(found: Tensor, wanted: Tensor, texts: Tensor, scale: Tensor) -> Tensor:
    """
    How far features are from those of a teacher: KL(p || q) + COSINE (1 - cos), the mean.

    p and q are the softmax over `texts` that either gives, p with a higher inverse temperature. The
    cosine alone would also be small if all features were alike.

    Args:
        found, wanted: unit vectors, shape (N, D).
        texts: unit vectors, shape (W, D).
        scale: inverse temperature.
    """
    target = (SHARP * scale * wanted @ texts.T).softmax(dim=-1)
    logits = (scale * found @ texts.T).log_softmax(dim=-1)
    divergence = F.kl_div(logits, target, reduction="batchmean")
    return divergence + COSINE * (1 - (found * wanted).sum(dim=-1)).mean()


def _unit(features: Tensor) -> Tensor:
    return F.normalize(features, dim=-1)
