"""The contrastive loss of both stages of the training."""

import torch
import torch.nn.functional as F
from torch import Tensor


def contrastive_loss(
    images: Tensor, texts: Tensor, scale: Tensor, sets: Tensor
) -> tuple[Tensor, Tensor]:
    """
    InfoNCE in both directions; pairs that show the same set of classes are no negatives.

    Args:
        images, texts: features of shape (B, D).
        scale: inverse temperature.
        sets: the classes of each pair as bits, shape (B,).

    Returns:
        tuple[Tensor, Tensor]: the loss, and the share of images whose own caption wins.
    """
    logits = scale * F.normalize(images.float(), dim=-1) @ F.normalize(texts.float(), dim=-1).T
    same = (sets[:, None] == sets[None]) & ~torch.eye(len(sets), dtype=torch.bool)
    logits = logits.masked_fill(same, -1e4)
    own = torch.arange(len(logits))
    loss = (F.cross_entropy(logits, own) + F.cross_entropy(logits.T, own)) / 2
    return loss, (logits.argmax(dim=1) == own).float().mean()
