"""
Weights and libraries of affinity encoders: found and complete, or an error that says what to do.
"""

import importlib
import importlib.util
from collections.abc import Iterable
from types import ModuleType

from torch import Tensor, nn


def require_library(name: str, *, extra: str, head: str) -> ModuleType:
    """
    Import an optional library.

    Args:
        name: of its module.
        extra: of this package, that installs it.
        head: who needs it.

    Raises:
        ImportError: it is not installed.
    """
    if importlib.util.find_spec(name) is None:
        raise ImportError(
            f'MODEL.AFFINITY_HEAD.NAME="{head}" needs the library {name}, which is not installed; '
            f'run pip install "freecp_d2[{extra}]".'
        )
    return importlib.import_module(name)


def find_pretrained(key: str, value: str, example: str) -> str:
    """
    The file or folder that a PRETRAINED key names, as `freecp_d2.checkpoint.find_weights`.

    Args:
        key: dotted, for messages.
        value: of the key.
        example: a value that would be right.

    Raises:
        ValueError: it is empty: random weights have no affinity; or it is not the file expected.
        FileNotFoundError, ConnectionError, PermissionError: as `find_weights`, with the key.
    """
    if not value:
        raise ValueError(
            f'{key}="" names no weights, and random ones have no affinity; give a path or a name '
            f'of the catalogue such as "{example}".'
        )
    from ...checkpoint import find_weights

    try:
        return find_weights(value)
    except (FileNotFoundError, ConnectionError, PermissionError, ValueError) as error:
        if getattr(error, "errno", None) is not None:  # the disk
            raise
        raise type(error)(f"{key}: {error}") from error


def load_strictly(module: nn.Module, state: dict[str, Tensor], path: str, advice: str) -> None:
    """
    Load a state dict that must fit.

    Args:
        module: in place.
        state: of the file.
        path: of the file, for messages.
        advice: what to change if it does not fit.

    Raises:
        ValueError: keys are missing, unexpected or of another shape; names the first of each.
    """
    own = module.state_dict()
    shapes = [
        f"{key} {tuple(state[key].shape)} instead of {tuple(own[key].shape)}"
        for key in own
        if key in state and state[key].shape != own[key].shape
    ]
    refuse_misfits(path, own.keys() - state.keys(), state.keys() - own.keys(), shapes, advice)
    module.load_state_dict(state)


def refuse_misfits(
    path: str,
    missing: Iterable[str],
    unexpected: Iterable[str],
    shapes: Iterable[str],
    advice: str,
) -> None:
    """
    Raises:
        ValueError: one of the three is not empty.
    """
    kinds = {"missing": missing, "unexpected": unexpected, "of another shape": shapes}
    found = [
        f"{len(names)} {kind} ({', '.join(names[:5])}{', ...' * (len(names) > 5)})"
        for kind, names in ((kind, sorted(map(str, names))) for kind, names in kinds.items())
        if names
    ]
    if found:
        raise ValueError(f"{path} does not fit, keys: {'; '.join(found)}; {advice}")
