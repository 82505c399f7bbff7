"""What the image and the text tower of a CLIP compute alike, whichever library built them."""

import torch.nn.functional as F
from torch import Tensor, nn


def layer_norm(norm: nn.Module, x: Tensor) -> Tensor:
    """
    A layer norm in float32 whatever the precision of weights and input, as OpenAI's own; that of
    open_clip would mix types.

    Args:
        norm: the layer; anything but an `nn.LayerNorm` (an identity) is called as it is.
        x: shape (..., C).

    Returns:
        Tensor: shape and dtype of `x`.
    """
    if not isinstance(norm, nn.LayerNorm):
        return norm(x)
    weight, bias = norm.weight.float(), norm.bias.float()
    return F.layer_norm(x.float(), norm.normalized_shape, weight, bias, norm.eps).to(x.dtype)
