"""Config keys of version 0.1, read until version 0.3 with a DeprecationWarning."""

import warnings
from collections.abc import Sequence
from typing import Any

_HEAD = "MODEL.PURIFICATION_HEAD"
_STEPS = ("REDUNDANCY", "AMBIGUITY")
_OLD_WINDOW, _NEW_WINDOW = "TEST.SLIDING_WINDOW", "MODEL.SLIDING_WINDOW"


def rename_old_keys(config: dict[str, Any], *, windows: bool = True) -> None:
    """
    Rename the old keys of a YAML file in place, and convert integer thresholds to floats for yacs.

    Without `windows`, and if it is not a section, TEST.SLIDING_WINDOW is another project's and
    stays.
    """
    head = _section(_section(config, "MODEL"), "PURIFICATION_HEAD")
    for step in _STEPS:
        node = _section(head, step)
        if node.get("THRESH") == "auto":
            del node["THRESH"]
            node["MODE"] = "auto"
            _warn(f"{_HEAD}.{step}.THRESH auto", f"{_HEAD}.{step}.MODE auto")
        elif type(node.get("THRESH")) is int:
            node["THRESH"] = float(node["THRESH"])
    old = _section(_section(config, "TEST"), "SLIDING_WINDOW")
    if old and windows:
        del config["TEST"]["SLIDING_WINDOW"]
        model = config.setdefault("MODEL", {})
        model["SLIDING_WINDOW"] = old | _section(model, "SLIDING_WINDOW")
        _warn(_OLD_WINDOW, _NEW_WINDOW)


def rename_old_opts(opts: Sequence[str], *, windows: bool = True) -> list[str]:
    """
    Rename the old keys of a command line; `windows` as of `rename_old_keys`.

    A number for a threshold also sets its MODE to fixed, which overrides the file; integers become
    floats for yacs.
    """
    if len(opts) % 2:
        return list(opts)  # yacs refuses them
    found: list[str] = []
    for key, value in zip(opts[::2], opts[1::2], strict=True):
        step = key.removeprefix(f"{_HEAD}.").removesuffix(".THRESH")
        if windows and key.startswith(f"{_OLD_WINDOW}."):
            new = key.replace(_OLD_WINDOW, _NEW_WINDOW)
            _warn(key, new)
            found += [new, value]
        elif key != f"{_HEAD}.{step}.THRESH" or step not in _STEPS:
            found += [key, value]
        elif value == "auto":
            _warn(f"{key} auto", f"{_HEAD}.{step}.MODE auto")
            found += [f"{_HEAD}.{step}.MODE", "auto"]
        else:
            number = f"{value}.0" if str(value).lstrip("+-").isdigit() else value
            found += [key, number, f"{_HEAD}.{step}.MODE", "fixed"]
    return found


def _section(config: dict[str, Any], key: str) -> dict[str, Any]:
    """A section of a config; empty if there is none."""
    value = config.get(key)
    return value if isinstance(value, dict) else {}


def _warn(old: str, new: str) -> None:
    warnings.warn(f"{old} is now {new}; change the config.", DeprecationWarning, stacklevel=4)
