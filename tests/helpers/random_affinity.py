"""
Small encoders of affinity sources with random weights, in the formats of the real ones.

Importing this registers tiny DINOs with `timm` and a tiny SAM with `segment_anything`, so that a
config can name them.
"""

from pathlib import Path

import segment_anything
import timm
import torch
from segment_anything import modeling
from timm.models import generate_default_cfgs, register_model
from timm.models.eva import Eva, _create_eva
from timm.models.vision_transformer import VisionTransformer, _create_vision_transformer
from torch import Tensor, nn
from transformers import (
    DetrConfig,
    EomtConfig,
    EomtForUniversalSegmentation,
    Mask2FormerConfig,
    Mask2FormerForUniversalSegmentation,
    MaskFormerConfig,
    MaskFormerForInstanceSegmentation,
    Sam2VideoConfig,
    Sam2VideoModel,
    SwinConfig,
)

from freecp_d2.d2 import CfgNode

from .random_towers import shaken

DINO, DINOV2, SAM = "vit_freecp_test_dino", "vit_freecp_test_reg_dinov2", "vit_freecp_test"
"""ARCH of a tiny DINO (patch 8, native 32), a DINOv2 with registers (patch 7, native 28), a SAM
(patch 8, input 64)."""
DINOV3 = "vit_freecp_test_dinov3"
"""ARCH of a tiny DINOv3, patch 8."""

OWN_ENCODERS = ("DINOAffinity", "SAMAffinity", "MaskFormerAffinity")
"""Affinity heads with an encoder of their own."""

_SATELLITE = {"mean": (0.430, 0.411, 0.296), "std": (0.213, 0.156, 0.143)}
default_cfgs = generate_default_cfgs(
    {
        f"{DINO}.random": {"num_classes": 0},
        f"{DINOV2}.random": {"num_classes": 0},
        f"{DINOV3}.satellite": {"num_classes": 0, **_SATELLITE},
    }
)


@register_model
def vit_freecp_test_dino(pretrained: bool = False, **kwargs: object) -> VisionTransformer:
    """As `vit_base_patch16_224.dino`: three layers, width 32, two heads."""
    shape = {"img_size": 32, "patch_size": 8, "embed_dim": 32, "depth": 3, "num_heads": 2}
    return _create_vision_transformer(DINO, pretrained=pretrained, **shape | kwargs)


@register_model
def vit_freecp_test_reg_dinov2(pretrained: bool = False, **kwargs: object) -> VisionTransformer:
    """As `vit_base_patch14_reg4_dinov2`: layer scale, registers without a position."""
    shape = {"img_size": 28, "patch_size": 7, "embed_dim": 32, "depth": 2, "num_heads": 2}
    options = {"init_values": 1e-5, "reg_tokens": 4, "no_embed_class": True}
    return _create_vision_transformer(DINOV2, pretrained=pretrained, **shape | options | kwargs)


@register_model
def vit_freecp_test_dinov3(pretrained: bool = False, **kwargs: object) -> Eva:
    """As `vit_base_patch16_dinov3`: rotary positions, registers, layer scale."""
    shape = {"img_size": 32, "patch_size": 8, "embed_dim": 32, "depth": 2, "num_heads": 2}
    rope = {"rope_type": "dinov3", "rope_temperature": 100, "rope_rotate_half": True}
    options = {"use_rot_pos_emb": True, "use_abs_pos_emb": False, "num_reg_tokens": 4}
    kept = {"qkv_bias": False, "init_values": 1e-5, "use_fc_norm": False, "dynamic_img_size": True}
    return _create_eva(DINOV3, pretrained=pretrained, **shape | rope | options | kept | kwargs)


def _build_sam(checkpoint: None = None) -> modeling.Sam:
    """As `build_sam_vit_b`, with everything small; grid 8 x 8, 32 channels."""
    shape = {"depth": 2, "embed_dim": 32, "img_size": 64, "patch_size": 8, "num_heads": 2}
    attention = {"use_rel_pos": True, "window_size": 4, "global_attn_indexes": (1,)}
    encoder = modeling.ImageEncoderViT(out_chans=32, **shape, **attention)
    prompts = modeling.PromptEncoder(32, (8, 8), (64, 64), mask_in_chans=4)
    transformer = modeling.TwoWayTransformer(1, embedding_dim=32, num_heads=2, mlp_dim=32)
    decoder = modeling.MaskDecoder(
        transformer_dim=32, transformer=transformer, iou_head_depth=2, iou_head_hidden_dim=16
    )
    mean, std = [123.675, 116.28, 103.53], [58.395, 57.12, 57.375]
    return modeling.Sam(encoder, prompts, decoder, mean, std).eval()


segment_anything.sam_model_registry[SAM] = _build_sam


def random_dino(arch: str = DINO, seed: int = 0) -> VisionTransformer:
    torch.manual_seed(seed)
    return shaken(timm.create_model(arch, num_classes=0, dynamic_img_size=True), seed)


def random_sam(seed: int = 0) -> modeling.Sam:
    torch.manual_seed(seed)
    return shaken(_build_sam(), seed)


def random_maskformer(kind: str = "maskformer", seed: int = 0) -> nn.Module:
    """A Swin of one block a stage, 6 different queries, 3 labels."""
    torch.manual_seed(seed)
    model = shaken(_build_maskformer(kind), seed)
    for name, parameter in model.named_parameters():
        if "queries" in name:
            parameter *= 20
    return model


def _build_maskformer(kind: str) -> nn.Module:
    swin = SwinConfig(
        image_size=64,
        embed_dim=16,
        depths=[1, 1, 1, 1],
        num_heads=[1, 1, 2, 2],
        window_size=4,
        out_features=["stage1", "stage2", "stage3", "stage4"],
    )
    labels = {"id2label": {0: "sky", 1: "cat", 2: "tree"}}
    if kind == "maskformer":
        layers = {"encoder_layers": 1, "decoder_layers": 1, "num_queries": 6, "d_model": 32}
        heads = {"encoder_attention_heads": 2, "decoder_attention_heads": 2}
        widths = {"encoder_ffn_dim": 32, "decoder_ffn_dim": 32}
        config = MaskFormerConfig(
            backbone_config=swin,
            decoder_config=DetrConfig(**layers, **heads, **widths),
            fpn_feature_size=32,
            mask_feature_size=32,
            **labels,
        )
        return MaskFormerForInstanceSegmentation(config)
    sizes = ("feature_size", "mask_feature_size", "hidden_dim")
    widths = dict.fromkeys((*sizes, "encoder_feedforward_dim", "dim_feedforward"), 32)
    layers = {"encoder_layers": 1, "decoder_layers": 2, "num_attention_heads": 2, "num_queries": 6}
    config = Mask2FormerConfig(backbone_config=swin, **widths, **layers, **labels)
    return Mask2FormerForUniversalSegmentation(config)


def random_eomt() -> nn.Module:
    """Input 64 x 64, 6 queries, 3 labels."""
    torch.manual_seed(0)
    layers = {"num_hidden_layers": 3, "num_blocks": 1, "num_upscale_blocks": 1}
    config = EomtConfig(
        hidden_size=32,
        num_attention_heads=2,
        image_size=64,
        patch_size=8,
        num_queries=6,
        num_register_tokens=2,
        id2label={0: "sky", 1: "cat", 2: "tree"},
        **layers,
    )
    model = shaken(EomtForUniversalSegmentation(config), 0)
    model.query.weight.mul_(20)
    return model


def random_sam2() -> nn.Module:
    """The video model, of which the released files are; input 64 x 64, grid 4 x 4."""
    torch.manual_seed(0)
    hiera = {
        "model_type": "sam2_hiera_det_model",
        "hidden_size": 8,
        "image_size": [64, 64],
        "blocks_per_stage": [1, 1, 2, 1],
        "embed_dim_per_stage": [8, 16, 32, 64],
        "num_attention_heads_per_stage": [1, 1, 2, 2],
        "window_size_per_stage": [8, 4, 8, 4],
        "global_attention_blocks": [3],
    }
    vision = {
        "backbone_config": hiera,
        "backbone_channel_list": [64, 32, 16, 8],
        "backbone_feature_sizes": [[16, 16], [8, 8], [4, 4]],
        "fpn_hidden_size": 16,
    }
    decoder = {"hidden_size": 16, "mlp_dim": 16, "num_attention_heads": 2}
    names = ("memory_attention_hidden_size", "memory_attention_feed_forward_hidden_size")
    names += ("memory_encoder_hidden_size", "mask_downsampler_embed_dim", "memory_fuser_embed_dim")
    config = Sam2VideoConfig(
        vision_config=vision,
        prompt_encoder_config={"hidden_size": 16, "image_size": 64},
        mask_decoder_config={**decoder, "iou_head_hidden_dim": 16},
        memory_encoder_output_channels=8,
        memory_fuser_intermediate_dim=16,
        **dict.fromkeys(names, 16),
    )
    return shaken(Sam2VideoModel(config), 0)


def dinov2_layout(vit: VisionTransformer) -> dict[str, Tensor]:
    """
    The state dict of a `timm` DINOv2 with registers as its authors store it: with other names, the
    position of the class token apart, and the mask token.
    """
    state = dict(vit.state_dict())
    position = torch.full_like(state["cls_token"], 0.25)
    state["register_tokens"] = state.pop("reg_token")
    state["cls_token"] = state["cls_token"] - position
    state["pos_embed"] = torch.cat([position, state["pos_embed"]], dim=1)
    state["mask_token"] = torch.zeros(1, vit.embed_dim)
    return state


def save_source(name: str, folder: Path) -> dict[str, str]:
    """Save weights of an affinity head; returns the keys below MODEL.AFFINITY_HEAD for them."""
    if name == "DINOAffinity":
        torch.save(random_dino().state_dict(), folder / "dino.pth")
        return {"DINO.ARCH": DINO, "DINO.PRETRAINED": str(folder / "dino.pth")}
    if name == "SAMAffinity":
        torch.save(random_sam().state_dict(), folder / "sam.pth")
        return {"SAM.ARCH": SAM, "SAM.PRETRAINED": str(folder / "sam.pth")}
    random_maskformer().save_pretrained(folder / "maskformer")
    return {"MASKFORMER.PRETRAINED": str(folder / "maskformer")}


def use_source(cfg: CfgNode, name: str, folder: Path) -> CfgNode:
    """Make a config use an affinity head with tiny random weights, saved in `folder`."""
    options = {"NAME": name}
    if name in OWN_ENCODERS:
        options |= save_source(name, folder)
    for key, value in options.items():
        cfg.merge_from_list([f"MODEL.AFFINITY_HEAD.{key}", value])
    return cfg
