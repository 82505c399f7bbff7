"""The config files of the project."""

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
