"""
The environment for bug reports.

Counterpart of `detectron2/utils/collect_env.py`. Leaves out: compilers, CUDA architectures of
compiled extensions and the NCCL self-test. Versions are read from package metadata without
importing the packages.
"""

import platform
import sys
from contextlib import suppress
from importlib import metadata

import torch
from tabulate import tabulate

_PACKAGES = (
    "torchvision numpy pillow fvcore iopath yacs pycocotools opencv-python-headless opencv-python "
    "open_clip_torch clip-anytorch"
)


def collect_env_info() -> str:
    """A table of the versions of Python and libraries, and of the devices; torch's build."""
    rows = [
        ("sys.platform", sys.platform),
        ("Python", sys.version.replace("\n", "")),
        ("CPU", f"{platform.machine()}, {torch.get_num_threads()} threads for torch"),
        ("torch", torch.__version__),  # the metadata lack the build, as in +cu126
        ("detectron2", "not used: freecp_d2.d2_fallback"),
    ]
    for package in _PACKAGES.split():
        with suppress(metadata.PackageNotFoundError):
            rows.append((package, metadata.version(package)))
    has_gpu = torch.cuda.is_available()
    rows += [("GPU available", str(has_gpu)), ("CUDA of torch", str(torch.version.cuda))]
    for index in range(torch.cuda.device_count()):
        major, minor = torch.cuda.get_device_capability(index)
        name = torch.cuda.get_device_name(index)
        rows.append((f"GPU {index}", f"{name} (arch={major}.{minor})"))
    return tabulate(rows) + "\n" + torch.__config__.show()
