"""The config files of the project."""

import difflib
import os
from pathlib import Path

_PACKAGE = Path(__file__).resolve().parents[1]


def configs_dir() -> Path:
    """
    The folder `configs/`: package data of a wheel, or beside the package in a clone.

    Raises:
        FileNotFoundError: the installation has no config files.
    """
    for folder in (_PACKAGE / "configs", _PACKAGE.parent / "configs"):
        if (folder / "Base-FreeCP.yaml").is_file():
            return folder
    raise FileNotFoundError(
        f"found no config files in {_PACKAGE / 'configs'}; install freecp_d2 again."
    )


def config_path(name: str) -> Path:
    """The path of a config file, such as "ade20k/sclip_freecp.yaml"."""
    return configs_dir() / name


def find_config(name: str) -> str:
    """
    A path that exists, or the path of a config of the package: "ade20k/sclip_freecp", also with
    "configs/" in front or ".yaml" behind.

    Raises:
        FileNotFoundError: there is neither; the message has similar names.
    """
    if os.path.isfile(name):
        return name
    folder, short = configs_dir(), name.removeprefix("configs/").removesuffix(".yaml")
    path = folder / f"{short}.yaml"
    if short and path.is_file():
        return str(path)
    known = [file.relative_to(folder).with_suffix("").as_posix() for file in folder.rglob("*.yaml")]
    similar = difflib.get_close_matches(short, known, cutoff=0.7) or ["ade20k/sclip_freecp"]
    raise FileNotFoundError(
        f'there is no config "{name}"; give the path of a YAML file, or the name of a config of '
        f"the package: {', '.join(similar)}."
    )
