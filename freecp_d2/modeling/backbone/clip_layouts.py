"""OpenAI's architectures, checks of a checkpoint in their layout, and renaming of transformers'."""

import torch
from torch import Tensor

from ...checkpoint.fitting import describe_weights

OPENAI_VITS = {
    # name: (width, layers, patch, resolution)
    "ViT-B/32": (768, 12, 32, 224),
    "ViT-B/16": (768, 12, 16, 224),
    "ViT-L/14": (1024, 24, 14, 224),
    "ViT-L/14@336px": (1024, 24, 14, 336),
}
"""The ViTs that OpenAI released. Source: https://github.com/openai/CLIP (MIT), clip/model.py."""

OPENAI_RESNETS = {
    # name: (width, blocks of the four stages, resolution)
    "RN50": (64, (3, 4, 6, 3), 224),
    "RN101": (64, (3, 4, 23, 3), 224),
    "RN50x4": (80, (4, 6, 10, 6), 288),
    "RN50x16": (96, (6, 8, 18, 8), 384),
    "RN50x64": (128, (3, 15, 36, 10), 448),
}
OPENAI_TOWERS: dict[str, tuple] = OPENAI_VITS | OPENAI_RESNETS
ARCHIVE_EXTRAS = ("input_resolution", "context_length", "vocab_size")
"""Entries of a TorchScript archive that are not weights."""

ANCHORS = ("visual.conv1.weight", "visual.trunk.patch_embed.proj.weight")
"""Names of tensors, of which a CLIP of `clip` or `open_clip` has one."""

_TEXT = ("text_projection", "logit_scale", "token_embedding.weight", "positional_embedding")
ANCHOR = "vision_model.embeddings.patch_embedding.weight"
"""A tensor that every checkpoint in this layout has."""

_TOWERS = (
    # of transformers, of OpenAI
    ("vision_model.embeddings.class_embedding", "visual.class_embedding"),
    ("vision_model.embeddings.patch_embedding.", "visual.conv1."),
    ("vision_model.embeddings.position_embedding.weight", "visual.positional_embedding"),
    ("vision_model.pre_layrnorm.", "visual.ln_pre."),  # their spelling
    ("vision_model.encoder.layers.", "visual.transformer.resblocks."),
    ("vision_model.post_layernorm.", "visual.ln_post."),
    ("visual_projection.weight", "visual.proj"),
    ("text_model.embeddings.token_embedding.", "token_embedding."),
    ("text_model.embeddings.position_embedding.weight", "positional_embedding"),
    ("text_model.encoder.layers.", "transformer.resblocks."),
    ("text_model.final_layer_norm.", "ln_final."),
    ("text_projection.weight", "text_projection"),
)

_BLOCKS = (
    (".layer_norm1.", ".ln_1."),
    (".layer_norm2.", ".ln_2."),
    (".mlp.fc1.", ".mlp.c_fc."),
    (".mlp.fc2.", ".mlp.c_proj."),
    (".self_attn.out_proj.", ".attn.out_proj."),
)


def check_layout(state: dict[str, Tensor], arch: str, path: str) -> None:
    """Raise `ValueError` if the checkpoint is no CLIP in OpenAI's layout, or not of `arch`."""
    try:
        is_resnet = "visual.layer1.0.conv1.weight" in state
        kind, found = ("ResNet", _resnet(state)) if is_resnet else ("ViT", _vit(state))
        for name in _TEXT:
            state[name]
    except KeyError as error:
        kind = describe_weights(state)
        advice = "give the weights of a CLIP"
        if any(key.startswith(("text.", "visual.trunk.")) for key in state):
            advice = "for checkpoints of open_clip set MODEL.CLIP.LIBRARY open_clip"
        elif "a CLIP" in kind:
            advice = "save all tensors of the CLIP"
        raise ValueError(
            f"{path} is no CLIP in OpenAI's layout: it has no {error} and looks like "
            f"{kind or 'something else'}; {advice}."
        ) from error
    expected = OPENAI_TOWERS.get(arch)
    if arch != "custom" and found != expected:
        size = "(width, blocks, resolution)" if is_resnet else "(width, layers, patch, resolution)"
        raise ValueError(
            f'{path} holds a {kind} of {size} = {found}, MODEL.CLIP.ARCH="{arch}" means '
            f"{expected}; change one of the two (custom is any size)."
        )


def _vit(state: dict[str, Tensor]) -> tuple:
    width, _, patch, _ = state["visual.conv1.weight"].shape
    state["visual.proj"]  # without it the library takes the tensors for a ResNet
    native = round((state["visual.positional_embedding"].shape[0] - 1) ** 0.5)
    layers = sum(k.startswith("visual.") and k.endswith("attn.in_proj_weight") for k in state)
    return width, layers, patch, native * patch


def _resnet(state: dict[str, Tensor]) -> tuple:
    width = len(state["visual.layer1.0.conv1.weight"])
    native = round((state["visual.attnpool.positional_embedding"].shape[0] - 1) ** 0.5)
    names = [key.split(".") for key in state if key.startswith("visual.layer")]
    blocks = [
        len({block for _, stage, block, *_ in names if stage == f"layer{i + 1}"}) for i in range(4)
    ]
    return width, tuple(blocks), native * 32


def check_vocabulary(num_embeddings: int, num_tokens: int, path: str, merges: str) -> None:
    """Raise `ValueError` if the numbers of token embeddings and of tokens differ."""
    if num_embeddings != num_tokens:
        raise ValueError(
            f"{path} has embeddings of {num_embeddings} tokens, the tokenizer has {num_tokens} (of "
            f"{merges or 'the merges of clip'}); set MODEL.CLIP.MERGES to the file of merges that "
            f"the weights were trained with, {num_embeddings - 514} for these."
        )


def to_openai_layout(state: dict[str, Tensor]) -> dict[str, Tensor]:
    """Rename the tensors of a transformers `CLIPModel`; queries, keys and values are joined."""
    renamed = {_rename(key): value for key, value in state.items()}
    for key in [key for key in renamed if ".self_attn.q_proj." in key]:
        found = [renamed.pop(key.replace("q_proj", f"{name}_proj"), None) for name in "qkv"]
        parts = [part for part in found if part is not None]
        if len(parts) == 3:
            renamed[key.replace("self_attn.q_proj.", "attn.in_proj_")] = torch.cat(parts)
    for name in {"visual.proj", "text_projection"} & renamed.keys():
        renamed[name] = renamed[name].T.contiguous()
    # Indices, in files of older versions.
    return {key: value for key, value in renamed.items() if not key.endswith("position_ids")}


def _rename(key: str) -> str:
    for theirs, openai in _TOWERS:
        if key.startswith(theirs):
            key = openai + key.removeprefix(theirs)
    for theirs, openai in _BLOCKS:
        key = key.replace(theirs, openai)
    return key
