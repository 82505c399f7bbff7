"""Whole models without a config: that of the stored arrays, or of any words."""

import numpy as np
import torch
import torch.nn.functional as F

from freecp_d2.modeling.affinity import CLIPAttentionAffinity
from freecp_d2.modeling.meta_arch.freecp_segmentor import FreeCPSegmentor
from freecp_d2.modeling.purification.class_purification import ClassPurification
from freecp_d2.modeling.text_head import TextHead
from freecp_d2.text import Vocabulary

from . import parity
from .random_towers import rand_normal


def words(num_classes: int, num_background: int = 0) -> Vocabulary:
    classes = tuple((f"class {k}",) for k in range(num_classes))
    return Vocabulary("words", classes, tuple(f"background {k}" for k in range(num_background)))


def assemble(text_head: TextHead, **options: object) -> FreeCPSegmentor:
    """
    SCLIP on the tiny CLIP of the parity arrays (patch 16), windows of 96 pixels at stride 48.

    Options: those of `FreeCPSegmentor`, and `redundancy`, `ambiguity`, `elimination`, `method`.
    """
    backbone = parity.backbone("clip_weights", str(options.pop("method", "sclip")))
    purification_head = ClassPurification(
        redundancy_thresh=options.pop("redundancy", 0.1),
        ambiguity_thresh=options.pop("ambiguity", 0.7),
        elimination=options.pop("elimination", "window"),
    )
    defaults = {
        "backbone": backbone,
        "text_head": text_head,
        "affinity_head": CLIPAttentionAffinity(attention_layers=range(backbone.num_layers - 1)),
        "purification_head": purification_head,
        "input_format": "RGB",
        "window_size": 96,
        "window_stride": 48,
        "window_batch_size": 8,
        "crop_size": 112,
    }
    return FreeCPSegmentor(**defaults | options).eval()


def parity_segmentor(name: str, **options: object) -> FreeCPSegmentor:
    """The model of the stored arrays `e2e` or `e2e_bkg`, in the reading of the released code."""
    stored = parity.load(name)
    num_background, num_classes = stored["params"][:2].astype(int)
    _, _, size, stride, redundancy, ambiguity = stored["params"][2:]
    text_head = TextHead(vocabulary=words(num_classes, num_background), logit_scale=100.0)
    text_head.set_features(
        torch.from_numpy(stored["text"]), torch.from_numpy(stored["text_llm"])[num_background:]
    )
    defaults = {
        "window_size": int(size),
        "window_stride": int(stride),
        "redundancy": redundancy,
        "ambiguity": ambiguity,
    }
    return assemble(text_head, **defaults | options)


def random_segmentor(
    num_classes: int, num_background: int = 0, **options: object
) -> FreeCPSegmentor:
    """A model whose words have random features."""
    vocabulary = words(num_classes, num_background)
    text_head = TextHead(vocabulary=vocabulary, logit_scale=100.0)
    features = F.normalize(rand_normal(len(vocabulary.words), 32, seed=7), dim=1)
    text_head.set_features(features, features[num_background:])
    return assemble(text_head, **options)


def photo(height: int = 160, width: int = 208) -> torch.Tensor:
    """The upper left part of a photograph, RGB uint8, (3, height, width)."""
    image: np.ndarray = parity.load("e2e")["image_uint8"][:height, :width]
    return torch.from_numpy(image).permute(2, 0, 1).contiguous()
