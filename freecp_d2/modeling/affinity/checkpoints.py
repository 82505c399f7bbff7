"""Libraries and weights of affinity encoders, with errors that say what to change."""

import importlib.util
from collections.abc import Iterable

from torch import Tensor, nn


def require_library(name: str, *, extra: str, head: str) -> None:
    """Raise `ImportError` if the module `name`, which our `extra` brings, is not installed."""
    if importlib.util.find_spec(name) is None:
        raise ImportError(
            f'MODEL.AFFINITY_HEAD.NAME="{head}" needs the library {name}, which is not installed; '
            f'run pip install "freecp_d2[{extra}]".'
        )


def find_pretrained(key: str, value: str, example: str) -> str:
    """
    The file or folder of a PRETRAINED key and its value, by `freecp_d2.checkpoint.find_weights`.

    Raises:
        ValueError: the value is empty (the message gives `example`), or the file is another one.
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
    """Load the state dict of the file `path` into a module; raises as `refuse_misfits`."""
    own = module.state_dict()
    shapes = [
        f"{key} {tuple(state[key].shape)} instead of {tuple(own[key].shape)}"
        for key in own
        if key in state and state[key].shape != own[key].shape
    ]
    refuse_misfits(path, own.keys() - state.keys(), state.keys() - own.keys(), shapes, advice)
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
