"""Loading DINO, DINOv2 and DINOv3 as a ViT of `timm`."""

from typing import Any

import torch
from torch import Tensor

_KEY = "MODEL.AFFINITY_HEAD.DINO"
_EXAMPLES = (
    "vit_base_patch16_224.dino, vit_base_patch14_reg4_dinov2.lvd142m or "
    "vit_base_patch16_dinov3.lvd1689m"
)
_FILES = (
    f"{_KEY}.PRETRAINED takes a .pth of facebookresearch/dino, dinov2 or dinov3, or a file of timm."
)


def load_dino(arch: str, pretrained: str) -> Any:
    """
    A `timm` VisionTransformer, or Eva of DINOv3, with weights, for images of any size.

    Args:
        arch: timm's name of the architecture, "vit_base_patch16_224.dino".
        pretrained: "timm" to download timm's weights; else, see `find_weights`, the state dict of
            a backbone by timm or by facebookresearch/dino, dinov2 or dinov3, or their training
            checkpoint, of which the teacher is taken.

    Raises:
        ValueError: unknown ViT, no weights, or weights of another ViT.
        FileNotFoundError, ConnectionError: the weights cannot be found or downloaded.
    """
    if pretrained == "timm":
        return _download(arch)
    from timm.models import eva, vision_transformer

    from ...checkpoint.finding import find_pretrained
    from ...checkpoint.fitting import VIT_KINDS, load_strictly, refuse_other_kind
    from ...checkpoint.reading import read_state_dict, without_prefix

    path = find_pretrained(f"{_KEY}.PRETRAINED", pretrained, "dino:vitb16")
    vit = _build(arch, pretrained=False)
    state = read_state_dict(path)
    refuse_other_kind(state, VIT_KINDS, path, _FILES)
    state = without_prefix(state, ["patch_embed.proj.weight"], path)
    _check_sizes(vit, state, arch, path)
    if "register_tokens" in state:  # timm recognises the authors' format by the mask token
        state.setdefault("mask_token", torch.zeros(1))
    library: Any = eva if isinstance(vit, eva.Eva) else vision_transformer
    state = library.checkpoint_filter_fn(state, vit)
    load_strictly(vit, state, path, f"change {_KEY}.ARCH ({arch}) or PRETRAINED.")
    return vit


def _download(arch: str) -> Any:
    if "dino" not in arch:
        raise ValueError(
            f'{_KEY}.PRETRAINED="timm" would load timm\'s weights of {arch}, which are not '
            'DINO\'s; name those in ARCH, for example "vit_base_patch16_224.dino".'
        )
    try:
        return _build(arch, pretrained=True)
    except (OSError, RuntimeError) as error:  # the hub's errors are OSErrors
        raise ConnectionError(
            f"timm could not get the weights of {arch} ({error}). Give the path of a file in "
            f'{_KEY}.PRETRAINED, or a name of the catalogue such as "dino:vitb16".'
        ) from error


def _build(arch: str, *, pretrained: bool) -> Any:
    import timm
    from timm.models.eva import Eva
    from timm.models.vision_transformer import Attention, VisionTransformer

    def refusal(reason: str) -> ValueError:
        return ValueError(f'{_KEY}.ARCH="{arch}" {reason}; use for example {_EXAMPLES}.')

    if not timm.is_model(arch):
        raise refusal("is no model of timm")
    try:
        timm.get_pretrained_cfg(arch, allow_unregistered=False)
    except RuntimeError as error:  # an unknown tag behind the dot
        raise refusal(f"has no such weights: {error}") from error
    try:
        vit = timm.create_model(arch, pretrained=pretrained, num_classes=0, dynamic_img_size=True)
    except TypeError as error:
        raise refusal(f"takes images of one size only ({error}), so it is no DINO") from error
    is_plain = isinstance(vit, VisionTransformer) and all(
        isinstance(block.attn, Attention) for block in vit.blocks
    )
    if not is_plain and not (isinstance(vit, Eva) and "dinov3" in arch):
        raise refusal(f"is no plain ViT ({type(vit).__name__}) and no DINOv3")
    return vit


def _check_sizes(vit: Any, state: dict[str, Tensor], arch: str, path: str) -> None:
    """Refuse the weights of another ViT, whose patches `timm` would resample."""
    projection = state.get("patch_embed.proj.weight")
    if projection is None or projection.ndim != 4:
        raise ValueError(
            f"{path} is no ViT of DINO: it has no patch_embed.proj.weight, but "
            f"{', '.join(sorted(state)[:5])}, ...; {_FILES}"
        )
    num_layers = len({key.split(".")[1] for key in state if key.startswith("blocks.")})
    names = ("register_tokens", "reg_token", "storage_tokens")
    num_registers = sum(state[name].numel() for name in names if name in state) // len(projection)
    found = (len(projection), num_layers, projection.shape[-1], num_registers)
    own_registers = 0 if vit.reg_token is None else vit.reg_token.shape[1]
    expected = (vit.embed_dim, len(vit.blocks), vit.patch_embed.patch_size[0], own_registers)
    if found != expected:
        raise ValueError(
            f"{path} holds a ViT of (width, layers, patch, registers) = {found}, "
            f'{_KEY}.ARCH="{arch}" means {expected}; change one of the two. An ARCH with registers '
            "is for example vit_base_patch14_reg4_dinov2.lvd142m."
        )
