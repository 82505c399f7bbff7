"""From a file or folder of a user to the tensors of one CLIP, and into a model of open_clip."""

import inspect
import logging
import os
import re
from collections.abc import Collection, Iterable
from typing import Any

from torch import Tensor

from ...checkpoint import find_weights
from ...checkpoint.fitting import describe_weights
from ...checkpoint.reading import read_state_dict, weights_in, without_prefix
from .activation import decide_activation, use_gelu
from .clip_layouts import ANCHOR, ANCHORS, ARCHIVE_EXTRAS, to_openai_layout


def find_clip(pretrained: str, arch: str, names: Iterable[str]) -> str:
    """The path of `pretrained`, which is not a tag."""
    try:
        path = find_weights(pretrained)
    except FileNotFoundError:
        path = ""
    if not path or not (os.path.isfile(path) or weights_in(path)):
        raise FileNotFoundError(
            f'MODEL.CLIP.PRETRAINED="{pretrained}" is neither a file nor a name that is known for '
            f"{arch}; use one of {list(names)}, a name of `freecp weights list`, or "
            "the path of a checkpoint."
        )
    return path


def read_clip(path: str) -> dict[str, Tensor]:
    """
    The tensors of a CLIP, transformers' in OpenAI's layout, without the prefix of a training.

    Raises:
        ValueError: see `read_state_dict`; several models; matrices of integers or complex numbers.
    """
    state = without_prefix(read_state_dict(path), (*ANCHORS, ANCHOR), path)
    state = to_openai_layout(state) if ANCHOR in state else state
    wrong = [
        key
        for key, value in state.items()
        if value.ndim > 1 and not value.is_floating_point() and not key.endswith("position_ids")
    ]
    if wrong:
        raise ValueError(
            f"{path}: {len(wrong)} tensors are {state[wrong[0]].dtype}, such as {wrong[0]}, "
            "expected floating-point numbers; quantised weights are not read, give those before it."
        )
    return state


def load_into_open_clip(arch: str, pretrained: str, path: str, activation: str) -> Any:
    """A model of open_clip with the weights of a file, whose tensors are renamed if needed."""
    import open_clip
    from open_clip.model import convert_to_custom_text_state_dict, resize_pos_embed

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


def unknown_kinds(names: Iterable[str], known: Iterable[str]) -> list[str]:
    """The names that differ from all `known` ones in more than a number."""
    kinds = {re.sub(r"\d+", "", name) for name in known}
    return [name for name in names if re.sub(r"\d+", "", name) not in kinds]


def misfit(path: str, what: str, names: Collection[str], error: Exception) -> str:
    """The message of `load_state_dict`, shortened, for tensors of these names."""
    reason = " ".join(str(error).partition(":\n\t")[2].split()) or str(error)
    if isinstance(error, KeyError):
        reason = f"it has no {error}."
    return (
        f"{path}, which looks like {describe_weights(names) or 'no known model'}, does not hold "
        f"weights of {what}: {reason[:500]} Save the tensors of one CLIP, all of them and no "
        "others, or change MODEL.CLIP.ARCH."
    )
