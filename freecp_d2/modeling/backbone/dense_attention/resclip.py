"""
ResCLIP (CVPR 2025): the attention of middle layers joins that of the last, and a first labelling of
the patches feeds back into a second pass.

Shapes: N windows, W words, T = 1 + P tokens (class token first), P = h * w, H heads, E = C / H.
"""

from collections.abc import Sequence
from typing import Any

from torch import Tensor

from ....d2 import CfgNode, configurable
from .blocks import feed_forward, project_heads
from .build import DENSE_ATTENTION_REGISTRY, BlockFeatures, DenseAttention, Needs, TowerSpec
from .feedback import label_patches, semantic_neighbourhood
from .naclip import gaussian_neighbourhood

ATTENTIONS = {"naclip": ("k",), "clearclip": ("q",), "sclip": ("q", "k")}
"""MODEL.CLIP.RESCLIP.ATTENTION -> what attends to itself in the last block."""


@DENSE_ATTENTION_REGISTRY.register()
class ResCLIP(DenseAttention):
    """
    RCS: A' = t ((1 - l) A + l R), where A is the last block's attention (NACLIP's by default) and R
    the mean q-k attention of middle layers. SFR, the feedback: the patches are labelled with words,
    and patches of one label attend to each other in a second pass. It reads the words' features.
    """

    @configurable
    def __init__(
        self,
        *,
        layers: Sequence[int],
        attention: str = "naclip",
        rcs: tuple[float, float] = (2.0, 0.3),
        feedback: bool = True,
        sfr: tuple[float, float] = (2.1, 0.7),
        confidence_thresh: float = 0.25,
        logit_scale: float = 40.0,
        std: float = 5.0,
    ):
        """
        Args:
            layers: those of R.
            attention: one of `ATTENTIONS`; sclip keeps the residual and the MLP.
            rcs: (t, l) of A'.
            feedback: run the second pass.
            sfr: (t, l) of its logits, t ((1 - l) k k^T / sqrt(E) + l G).
            confidence_thresh: pixels whose best word has a lower probability count as word 0.
            logit_scale: of these probabilities, which are softmax(scale * cosine).
            std: of NACLIP's Gaussian, in patches.

        Raises:
            ValueError: an unknown attention, or a share outside [0, 1].
        """
        super().__init__()
        if attention not in ATTENTIONS:
            raise ValueError(
                f'MODEL.CLIP.RESCLIP.ATTENTION="{attention}" is unknown; use one of '
                f"{[*ATTENTIONS]}."
            )
        for key, pair in (("RCS", rcs), ("SFR", sfr)):
            if len(pair) != 2 or pair[0] <= 0 or not 0 <= pair[1] <= 1:
                raise ValueError(
                    f"MODEL.CLIP.RESCLIP.{key} is {pair}; expected a factor above 0 and a share "
                    "in [0, 1]."
                )
        self.attention, self.rcs, self.sfr = attention, rcs, sfr
        self.feedback, self.confidence_thresh = feedback, confidence_thresh
        self.logit_scale, self.std = logit_scale, std
        self.needs = Needs(
            tokens=(-1,),
            qkv=(-1,),
            attention={"residual": tuple(layers)},
            images=feedback,
            text=feedback,
        )

    @classmethod
    def from_config(cls, cfg: CfgNode, tower: TowerSpec) -> dict[str, Any]:
        node = cfg.MODEL.CLIP.RESCLIP
        return {
            "layers": layers_for_depth(tower.num_layers),
            "attention": node.ATTENTION,
            "rcs": tuple(node.RCS),
            "feedback": node.FEEDBACK,
            "sfr": tuple(node.SFR),
            "confidence_thresh": node.CONFIDENCE_THRESH,
            "logit_scale": node.LOGIT_SCALE,
        }

    def forward(self, features: BlockFeatures) -> tuple[Tensor, tuple[int, int]]:
        q, k, v = features.query_key_value(-1)
        dense = self.rewritten(features, self.attend(features, q, k), v)[:, 1:]
        if self.feedback:
            guide = semantic_neighbourhood(self.label(features, dense))
            dense = self.rewritten(features, self.attend(features, q, k, guide), v)[:, 1:]
        return dense, features.grid

    def label(self, features: BlockFeatures, dense: Tensor) -> Tensor:
        """The word of each patch, int64 (N, h, w), that patch tokens (N, P, C) are most like."""
        assert features.text is not None, "asked for in `needs`"
        assert features.images is not None, "asked for in `needs`"
        return label_patches(
            features.project(dense).mT.unflatten(2, features.grid),
            features.text,
            features.images,
            logit_scale=self.logit_scale,
            confidence_thresh=self.confidence_thresh,
        )

    def attend(
        self, features: BlockFeatures, q: Tensor, k: Tensor, guide: Tensor | None = None
    ) -> Tensor:
        """
        A', (N, H, T, T), of queries and keys (N, H, T, E): of the first pass or, with G of
        (N, T, T) as `guide`, of the second.
        """
        found = {"q": q, "k": k}
        factor, share = self.sfr
        total: Tensor | None = None
        for name in ATTENTIONS[self.attention]:
            x = found[name]
            logits = (x * x.shape[-1] ** -0.5) @ x.mT
            if guide is not None:
                # The released program rounds l G to half precision.
                extra = (share * guide.half()).to(x.dtype)[:, None]
                logits = factor * ((1 - share) * logits + extra)
            if self.attention == "naclip":
                logits = logits + gaussian_neighbourhood(features.grid, self.std, x)
            weights = logits.softmax(dim=-1)
            total = weights if total is None else total + weights
        assert total is not None
        factor, share = self.rcs
        return factor * ((1 - share) * total + share * features.attention["residual"])

    def rewritten(self, features: BlockFeatures, attention: Tensor, v: Tensor) -> Tensor:
        """All tokens (N, T, C) after the last block, of attention (N, H, T, T) and values."""
        block, x = features.blocks[-1], features.tokens[-1]
        dense = project_heads(block, attention @ v)
        if self.attention == "sclip":
            dense = x + dense
            dense = dense + feed_forward(block, dense)
        return dense


def layers_for_depth(depth: int) -> tuple[int, ...]:
    """
    The middle layers, 0 the first: the authors' 5 to 8 for 12 blocks and 24. Others have those of
    12 at the same relative depth, rounded: 3 to 5 for 8 blocks.
    """
    if depth == 24:
        return (5, 6, 7, 8)
    first, last = (round(layer * depth / 12) for layer in (5, 8))
    return tuple(range(first, min(last, depth - 1) + 1))
