"""Loading a CLIP of open_clip, by a tag of the library or from a file."""

import inspect
import logging
from typing import Any

import open_clip
from open_clip.model import convert_to_custom_text_state_dict, resize_pos_embed

from .base import LoadedCLIP
from .clip_files import ARCHIVE_EXTRAS, decide_activation, find_clip, misfit, read_clip, use_gelu


def load_open_clip(arch: str, pretrained: str, merges: str, activation: str) -> LoadedCLIP:
    """See `load_clip`."""
    if merges:
        raise ValueError(
            f'MODEL.CLIP.MERGES="{merges}" is not read with MODEL.CLIP.LIBRARY open_clip, which '
            "has a tokenizer for each of its models; leave it empty, or use clip."
        )
    if arch not in open_clip.list_models():
        raise ValueError(
            f'MODEL.CLIP.ARCH="{arch}" is no model of open_clip; it has for example ViT-B-16 and '
            "ViT-L-14 (`open_clip.list_models()` lists all)."
        )
    tags = open_clip.list_pretrained_tags_by_model(arch)
    if pretrained in tags:
        model = _download(arch, pretrained, activation)
    else:
        model = _load_file(arch, pretrained, find_clip(pretrained, arch, tags), activation)
    preprocess = open_clip.get_model_preprocess_cfg(model)
    mean, std = (tuple(255 * x for x in preprocess[key]) for key in ("mean", "std"))
    return LoadedCLIP(model, open_clip.get_tokenizer(arch), mean, std)


def _download(arch: str, tag: str, activation: str) -> Any:
    quick = wants_quick_gelu(arch, tag) if activation == "auto" else activation == "quick_gelu"
    try:
        return open_clip.create_model(
            arch, pretrained=tag, precision="fp32", force_quick_gelu=quick
        )
    except Exception as error:  # what the library raises without a network is not documented
        raise ConnectionError(
            f"The weights {tag} of {arch} are not on this machine and could not be downloaded. "
            "Bring the file over and give its path: MODEL.CLIP.PRETRAINED /path/to/weights.pt "
            f"({error})"
        ) from error


def wants_quick_gelu(arch: str, tag: str) -> bool:
    """Whether weights of open_clip were trained with QuickGELU (OpenAI's, MetaCLIP, DFN)."""
    return bool((open_clip.get_pretrained_cfg(arch, tag) or {}).get("quick_gelu", False))


def _load_file(arch: str, pretrained: str, path: str, activation: str) -> Any:
    """A model with the weights of a file, whose tensors are renamed if needed."""
    state = read_clip(path)
    is_archive = all(key in state for key in ARCHIVE_EXTRAS)
    by_arch = "quick_gelu" if open_clip.get_model_config(arch).get("quick_gelu") else ""
    found = decide_activation(
        activation, pretrained, path, is_archive=is_archive, by_arch=by_arch, default="gelu"
    )
    options: dict[str, Any] = {"precision": "fp32", "force_quick_gelu": found == "quick_gelu"}
    known = inspect.signature(open_clip.create_model).parameters
    # A text tower of transformers would download weights; the option changed its name.
    options |= {name: False for name in ("pretrained_text", "pretrained_hf") if name in known}
    logging.disable(logging.WARNING)  # that the model has no weights yet
    try:
        model = open_clip.create_model(arch, **options)
    finally:
        logging.disable(logging.NOTSET)
    if by_arch and found == "gelu":
        use_gelu(model)
    state = {key: value for key, value in state.items() if key not in ARCHIVE_EXTRAS}
    # As the library changes files of its earlier versions.
    if "positional_embedding" in state and not hasattr(model, "positional_embedding"):
        state = convert_to_custom_text_state_dict(state)
    if "logit_scale" in state:
        state["logit_scale"] = state["logit_scale"].reshape(model.logit_scale.shape)
    try:
        resize_pos_embed(state, model)
        model.load_state_dict(state)
    except Exception as error:  # tensors of other models
        raise ValueError(misfit(path, f"{arch} of open_clip", state, error)) from error
    return model
