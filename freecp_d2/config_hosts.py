"""The configuration keys of other models and of their purification; none is in the paper."""

from .d2 import CfgNode


def add_host_config(cfg: CfgNode) -> None:
    """Add MODEL.PURIFIED and MODEL.SAM3; see `config.add_freecp_config`."""
    _add_purified(cfg)
    _add_sam3(cfg)


def _add_purified(cfg: CfgNode) -> None:
    # PurifiedSegmentor, which is not in the paper: purification of another model's scores. It reads
    # AFFINITY_HEAD, PURIFICATION_HEAD and SLIDING_WINDOW, too.
    cfg.MODEL.PURIFIED = CfgNode()
    cfg.MODEL.PURIFIED.META_ARCHITECTURE = ""  # the wrapped model, a name in META_ARCH_REGISTRY
    # What its "sem_seg" is: logits (softmax over channels) | probabilities (0 or more, as they are)
    cfg.MODEL.PURIFIED.SCORES = "logits"
    cfg.MODEL.PURIFIED.TEMPERATURE = 1.0  # logits are divided by it before the softmax
    # A channel that is no word and is never purified; -1: 0 if the vocabulary has background words,
    # else none.
    cfg.MODEL.PURIFIED.BACKGROUND_CHANNEL = -1
    # Where more than this share of a pixel's scores would go, all of them stay.
    cfg.MODEL.PURIFIED.MAX_REMOVED = 0.99
    # A CLIPBackbone, such as CLIPViT, for CLIPAttentionAffinity and Eq. (8); MODEL.CLIP describes
    # it, MODEL.BACKBONE is the wrapped model's. "": none, ambiguity groups stay undecided.
    cfg.MODEL.PURIFIED.CLIP = ""
    # Who decides an ambiguity group in a box: crop (Eq. 8, by CLIP) | score (the word with the
    # highest mean of the wrapped model's scores in the box; needs no CLIP).
    cfg.MODEL.PURIFIED.WINNER = "crop"
    cfg.MODEL.PURIFIED.STRIDE = 16  # side of a patch in pixels, without a CLIP
    # Affinity and crops see an image at SIZE x SIZE pixels in all, its aspect kept: at 592 x 448
    # if it is 4:3, the size of Sec. 4.2.
    cfg.MODEL.PURIFIED.SIZE = 512


def _add_sam3(cfg: CfgNode) -> None:
    # SAM3Segmentor, which is not in the paper. It reads TEXT.BACKGROUND and its thresholds, too.
    cfg.MODEL.SAM3 = CfgNode()
    # A name of the catalogue, a hub name, or a folder of `save_pretrained` with its tokenizer.
    cfg.MODEL.SAM3.PRETRAINED = "sam3:sam3"
    # Words in one forward of the decoder: time and memory of the decoder, not the result.
    cfg.MODEL.SAM3.WORD_BATCH = 8
