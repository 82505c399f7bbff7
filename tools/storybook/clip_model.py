"""The classes of `clip.model`, whose import needs `import_clip`."""

from typing import TYPE_CHECKING

from freecp_d2.utils.clip_library import import_clip

if TYPE_CHECKING:
    from clip.model import CLIP, ResidualAttentionBlock, VisionTransformer
else:
    _model = import_clip().model
    CLIP, VisionTransformer = _model.CLIP, _model.VisionTransformer
    ResidualAttentionBlock = _model.ResidualAttentionBlock

__all__ = ["CLIP", "ResidualAttentionBlock", "VisionTransformer"]
