"""Models of the library transformers, from folders with config.json and their weights."""

import json
import os
from collections.abc import Iterable, Mapping
from typing import Any

from .fitting import refuse_misfits

_MISFITS = ("missing_keys", "unexpected_keys", "mismatched_keys")  # of transformers' report


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
