"""
Where purification heads are looked up, and what each is given and owes.

Shape shorthand in this module: N windows, K classes, h x w patches, P = h * w.
"""

from torch import nn

from ...d2 import CfgNode, Registry

PURIFICATION_HEAD_REGISTRY = Registry("PURIFICATION_HEAD")
PURIFICATION_HEAD_REGISTRY.__doc__ = """
Registry for purification heads.

The registered object is called with `obj(cfg)` when the model is built, refuses what cannot work,
and returns an nn.Module. That is called once for every batch of N windows of one size, under
`no_grad`, as `head(maps, normalized_cam, transition, classify, allowed)`, and gives a
`PurificationOutput`:

    maps        Eq. (1) softmaxed over all words, (N, K, h, w), float32 in [0, 1]; K foreground
                classes, synonyms merged, background words left out.
    stretched   the same after the min-max over all words and patches of its window, in [0, 1].
    transition  T of Eq. (3), (N, P, P), float32, P = h * w, patches row by row.
    classify    a `ClassifyBoxes`: the winner of Eq. (8) for boxes of patches, crops batched.
    allowed     candidates of an oracle, bool (N, K), or None.

Every class stays in place: a class that is gone has a map of zeros. Windows are told apart from
each other by nothing: what a head decides, thresholds included, it decides in each window alone.
MODEL.PURIFICATION_HEAD.REDUNDANCY.THRESH and AMBIGUITY.THRESH are a number, "auto", or None, which
leaves them to the head.
"""


def build_purification_head(cfg: CfgNode) -> nn.Module:
    """Build the head that `cfg.MODEL.PURIFICATION_HEAD.NAME` names."""
    return PURIFICATION_HEAD_REGISTRY.get(cfg.MODEL.PURIFICATION_HEAD.NAME)(cfg)
