"""
Eq. (2): the self-affinity of an image, and the transition matrix that refines with it.

Shapes: N windows, L layers, P = h * w patches.
"""

from torch import Tensor


def self_affinity(attention: Tensor) -> Tensor:
    """
    Eq. (2): A = (1/L) sum_l R(A_l), the mean self-attention of the chosen layers.

    Reading: A_l is averaged over heads; the class token's row and column are dropped and the rest
    is not renormalised. A plain ViT has one grid in all layers, so the resize R is the identity.

    Args:
        attention: head-averaged self-attention with the class token first,
            shape (N, L, 1 + P, 1 + P).

    Returns:
        Tensor: shape (N, P, P), non-negative.
    """
    return attention[:, :, 1:, 1:].mean(dim=1)


def transition_matrix(
    affinity: Tensor, *, num_sinkhorn_steps: int = 3, num_squarings: int = 1
) -> Tensor:
    """
    A symmetric, nearly doubly stochastic matrix from an affinity, squared.

    Sinkhorn: divide by column sums, then by row sums, `num_sinkhorn_steps` times. Then average with
    the transpose and square `num_squarings` times. Not in the paper; the released program takes
    this from CLIP-ES.

    Args:
        affinity: non-negative, shape (N, P, P).

    Returns:
        Tensor: shape (N, P, P), symmetric; rows and columns sum to one up to Sinkhorn's remainder.
    """
    for _ in range(num_sinkhorn_steps):
        affinity = affinity / affinity.sum(dim=-2, keepdim=True)
        affinity = affinity / affinity.sum(dim=-1, keepdim=True)
    transition = (affinity + affinity.transpose(-2, -1)) / 2
    for _ in range(num_squarings):
        transition = transition @ transition
    return transition
