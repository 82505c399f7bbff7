"""
Affinity heads: sources of the self-affinity of Eq. (2).

| file | what |
|---|---|
| `build.py` | registry, contract and base class; `CLIPAttentionAffinity`: attention of CLIP |
| `encoder.py` | cosines and masks; `FeatureAffinity`: cosines of the backbone's tokens |
| `dino.py` | `DINOAffinity`: features or attention of a DINO, DINOv2 or DINOv3 |
| `dino_weights.py` | its weights, from timm and from its authors |
| `sam.py` | `SAMAffinity`: features or masks of SAM |
| `maskformer.py` | `MaskFormerAffinity`: masks of MaskFormer, Mask2Former and EoMT |
| `transformers_encoder.py` | `TransformersAffinity`: features of SAM 2 and SAM 3 |

The libraries of all heads but CLIP's are optional and imported when such a head is built.
"""

from .build import AFFINITY_HEAD_REGISTRY, AffinityHead, CLIPAttentionAffinity, build_affinity_head
from .dino import DINOAffinity
from .encoder import EncoderAffinity, FeatureAffinity
from .maskformer import MaskFormerAffinity
from .sam import SAMAffinity
from .transformers_encoder import TransformersAffinity

__all__ = [
    "AFFINITY_HEAD_REGISTRY", "AffinityHead", "CLIPAttentionAffinity", "DINOAffinity",
    "EncoderAffinity", "FeatureAffinity", "MaskFormerAffinity", "SAMAffinity",
    "TransformersAffinity", "build_affinity_head",
]  # fmt: skip
