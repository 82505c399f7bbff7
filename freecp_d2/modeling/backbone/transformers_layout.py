"""CLIP checkpoints of Hugging Face's transformers, renamed to OpenAI's layout."""

import torch
from torch import Tensor

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
