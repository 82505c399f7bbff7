"""
What a bug report needs to know about the machine.

Counterpart of `detectron2/utils/collect_env.py`. Leaves out: compilers, CUDA architectures of
compiled extensions and the NCCL self-test; versions are read from package metadata, nothing is
imported for them.
"""

from __future__ import annotations

import platform
import sys
from importlib import metadata

import torch
from tabulate import tabulate

__all__ = ["collect_env_info"]

_PACKAGES = (
    "torchvision",
    "numpy",
    "pillow",
    "fvcore",
    "iopath",
    "yacs",
    "pycocotools",
    "opencv-python-headless",
    "opencv-python",
    "open_clip_torch",
    "clip-anytorch",
)


def _version(package: str) -> str | None:
    """Installed version of a distribution, None if it is not installed."""
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


def _gpu_rows() -> list[tuple[str, str]]:
    """One row a CUDA device, or one row that says there is none."""
    if not torch.cuda.is_available():
        return [("GPU available", "No: torch.cuda.is_available() == False")]
    rows = [("GPU available", "Yes"), ("CUDA of torch", str(torch.version.cuda))]
    for index in range(torch.cuda.device_count()):
        major, minor = torch.cuda.get_device_capability(index)
        name = torch.cuda.get_device_name(index)
        rows.append((f"GPU {index}", f"{name} (arch={major}.{minor})"))
    return rows


def collect_env_info() -> str:
    """
    Versions of Python, of the libraries that matter here, and of the devices.

    Returns:
        str: a table, then torch's build settings.
    """
    rows = [
        ("sys.platform", sys.platform),
        ("Python", sys.version.replace("\n", "")),
        ("CPU", f"{platform.machine()}, {torch.get_num_threads()} threads for torch"),
        ("torch", torch.__version__),  # the metadata lack the build, as in +cu126
        ("detectron2", "not used: freecp_d2.d2_fallback"),
    ]
    versions = [(package, _version(package)) for package in _PACKAGES]
    rows += [(package, version) for package, version in versions if version is not None]
    return tabulate(rows + _gpu_rows()) + "\n" + torch.__config__.show()
