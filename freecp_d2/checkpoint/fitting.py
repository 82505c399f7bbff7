"""
What kind of model a checkpoint holds, and whether its tensors are those of another model.

`load_folder` loads folders of the library transformers, with config.json and weights.
"""

import json
import os
from collections.abc import Collection, Iterable, Mapping
from typing import Any

from torch import Tensor, nn

VIT_KINDS = (
    "a DINOv2 with registers",
    "a ViT of timm with registers",
    "a ViT in the layout of DINO and timm",
)
"""What an affinity by DINO can run."""

_MISFITS = ("missing_keys", "unexpected_keys", "mismatched_keys")  # of transformers' report

_KINDS = (
    ("image_encoder.trunk.", "a SAM 2"),
    ("image_encoder.layers.0.", "a MobileSAM, whose image encoder is a TinyViT"),
    ("mask_decoder.hf_token", "an HQ-SAM"),
    ("image_encoder.blocks.", "a SAM"),
    ("shared_image_embedding.", "a SAM in transformers' layout"),
    ("logit_bias", "a SigLIP"),
    ("vision_model.embeddings.", "a CLIP in transformers' layout"),
    ("visual.", "a CLIP in OpenAI's or open_clip's layout"),
    ("embeddings.register_tokens", "a DINOv2 with registers in transformers' layout"),
    ("embeddings.patch_embeddings.", "a ViT in transformers' layout"),
    ("register_tokens", VIT_KINDS[0]),
    ("reg_token", VIT_KINDS[1]),
    ("patch_embed.proj.", VIT_KINDS[2]),
)
"""A part of a tensor's name -> what has such a tensor; the first that is found counts."""


def describe_weights(names: Iterable[str]) -> str:
    """What has tensors of these names, such as "a SAM 2"; "" if unknown."""
    found = [f".{name}" for name in names]
    return next((kind for part, kind in _KINDS if any(f".{part}" in name for name in found)), "")


def refuse_other_kind(
    state: dict[str, Tensor], kinds: Collection[str], path: str, advice: str
) -> None:
    """ValueError for weights that `describe_weights` knows and that are none of `kinds`."""
    found = describe_weights(state)
    if found and found not in kinds:
        raise ValueError(f"{path} is {found}; {advice}")


def load_strictly(module: nn.Module, state: dict[str, Tensor], path: str, advice: str) -> None:
    """
    Load the state dict of the file `path` into a module.

    Raises:
        ValueError: as `refuse_misfits`, or values are not finite.
    """
    own = module.state_dict()
    shapes = [
        f"{key} {tuple(state[key].shape)} instead of {tuple(own[key].shape)}"
        for key in own
        if key in state and state[key].shape != own[key].shape
    ]
    refuse_misfits(path, own.keys() - state.keys(), state.keys() - own.keys(), shapes, advice)
    stored = {key: value for key, value in state.items() if not value.is_meta}
    if bad := [key for key, value in stored.items() if not value.isfinite().all()]:
        raise ValueError(
            f"{path} has NaN or infinite values in {len(bad)} tensors, such as {bad[0]}; get the "
            "file again."
        )
    module.load_state_dict(state)


def refuse_misfits(
    path: str, missing: Iterable[str], unexpected: Iterable[str], shapes: Iterable[str], advice: str
) -> None:
    """Raise `ValueError` with the first keys of each kind and the advice, if there are any."""
    kinds = {"missing": missing, "unexpected": unexpected, "of another shape": shapes}
    found = [
        f"{len(names)} {kind} ({', '.join(names[:5])}{', ...' * (len(names) > 5)})"
        for kind, names in ((kind, sorted(map(str, names))) for kind, names in kinds.items())
        if names
    ]
    if found:
        raise ValueError(f"{path} does not fit, keys: {'; '.join(found)}; {advice}")


def read_model_type(folder: str, models: Mapping[str, str], key: str) -> str:
    """The `model_type` in a folder's config.json, one of `models`; others raise `ValueError`."""
    model_type = str(read_json(folder, "config.json", key).get("model_type"))
    if model_type not in models:
        raise ValueError(
            f'{folder}/config.json has the model_type "{model_type}", expected one of {[*models]}; '
            f"change {key}."
        )
    return model_type


def load_folder(
    folder: str,
    models: Mapping[str, str],
    key: str,
    *,
    part: str = "",
    computed: tuple[str, ...] = (),
) -> Any:
    """
    Load a folder with config.json and model.safetensors or pytorch_model.bin (never executed).

    Args:
        models: `model_type` in config.json -> class of transformers.
        key: the user's config key, for messages.
        part: how the names of the tensors begin that must fit; others are not used.
        computed: ends of the names of tensors that the library computes and need not be stored.

    Raises:
        ValueError: another kind of model, or weights of another config.
        FileNotFoundError: no config.json.
        ImportError: the installed transformers does not have the class.
    """
    model_type = read_model_type(folder, models, key)
    import transformers

    loader = getattr(transformers, models[model_type], None)
    if loader is None:
        raise ImportError(
            f"{folder} is a {model_type}, but transformers {transformers.__version__} has no "
            f'{models[model_type]}; run pip install --upgrade "transformers".'
        )
    try:
        model, report = loader.from_pretrained(
            folder,
            local_files_only=True,
            output_loading_info=True,
            weights_only=True,
            ignore_mismatched_sizes=True,  # they are in the report, which is refused below
        )
    except Exception as error:  # not documented for other files
        raise ValueError(
            f"{folder} holds no {model_type} that transformers can load ({type(error).__name__}: "
            f"{error}); give a folder with config.json and model.safetensors in {key}."
        ) from error
    missing, unexpected, shapes = (_checked(report[kind], part, computed) for kind in _MISFITS)
    advice = f"the weights are not those of its config.json; change {key}."
    refuse_misfits(folder, missing, unexpected, shapes, advice)
    return model


def _checked(misfits: Iterable[Any], part: str, computed: tuple[str, ...]) -> list[str]:
    """The misfits, names or tuples of a name and its shapes, that count."""
    found = [(x if isinstance(x, str) else x[0], str(x)) for x in misfits]
    return [x for name, x in found if name.startswith(part) and not name.endswith(computed)]


def read_json(folder: str, name: str, key: str) -> dict:
    """A JSON file of a folder that the config key `key` names."""
    path = os.path.join(folder, name)
    if not os.path.isfile(path):
        raise FileNotFoundError(
            f"{folder} has no {name}; {key} takes a folder with config.json and "
            "model.safetensors, as on the hub, or a hub name."
        )
    try:
        with open(path, encoding="utf-8") as file:
            content = json.load(file)
    except ValueError as error:
        raise ValueError(f"{path} is no JSON ({error}); get it from the hub again.") from error
    return content if isinstance(content, dict) else {}
