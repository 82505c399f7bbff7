"""The record of an evaluation: `results.json` and `environment.txt`."""

import datetime
import hashlib
import importlib.metadata
import json
import logging
import math
import platform
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import torch

from ..config import add_freecp_config
from ..d2 import BACKEND, CfgNode, collect_env_info, comm, get_cfg
from ..text import Vocabulary
from ..utils.files import write_whole
from ..version import __version__

logger = logging.getLogger(__name__)

RECORD = "results.json"
"""The file that marks a complete run."""

_NOT_DECISIVE = (
    "CUDNN_BENCHMARK",
    "DATALOADER",
    "DATASETS.TRAIN",
    "MODEL.DEVICE",
    "MODEL.TEXT.BATCH_SIZE",
    "MODEL.TEXT.CACHE_DIR",
    "OUTPUT_DIR",
    "SEED",
    "SOLVER",
    "TEST.BOUNDARY_IOU",
    "TEST.EXPECTED_RESULTS",
    "TEST.IMAGES_PER_BATCH",
    "TEST.LABEL_MAP",
    "TEST.ON_ERROR",
    "TEST.ORACLES",
    "TEST.SAVE_PREDICTIONS",
    "MODEL.SLIDING_WINDOW.BATCH_SIZE",
    "VERSION",
    "VIS_PERIOD",
)
"""Keys and groups that do not affect results: paths, speed, extra output, training."""

_DISTRIBUTIONS = {
    **{name: (name,) for name in ("torchvision", "numpy", "pillow")},
    "opencv": ("opencv-python-headless", "opencv-python", "opencv-contrib-python"),
    "clip": ("clip-anytorch", "clip"),
    "open_clip": ("open_clip_torch",),
}
"""Library -> the packages that provide it."""


def config_digest(cfg: CfgNode) -> str:
    """
    SHA-256 (hex) of the settings that affect the results of an evaluation.

    Runs with equal digests and equal files (data, weights, words) give equal results up to rounding
    on another device or batch size. Only keys that differ from their default are hashed, without
    `_NOT_DECISIVE`, so keys of one back end or of a later version do not matter.
    """
    return hashlib.sha256(json.dumps(decisive_settings(cfg), sort_keys=True).encode()).hexdigest()


def decisive_settings(cfg: CfgNode) -> dict[str, Any]:
    """The settings that `config_digest` hashes: dotted key -> plain value."""
    default = get_cfg()
    add_freecp_config(default)
    defaults = dict(_leaves(default))
    return {
        key: value
        for key, value in _leaves(cfg)
        if not any(f"{key}.".startswith(f"{name}.") for name in _NOT_DECISIVE)
        and (key not in defaults or defaults[key] != value)
    }


def write_record(
    cfg: CfgNode,
    results: Mapping[str, Any],
    images: Mapping[str, Any],
    seconds: Mapping[str, float],
    vocabulary: Vocabulary,
    skipped: Mapping[str, Mapping[str, str]],
) -> None:
    """
    Write `environment.txt` and then, as the last file of a run, `results.json`, atomically.

    Args:
        results: dataset -> {"sem_seg": {metric: percent}}; NaN becomes null.
        images: dataset -> {"evaluated": number of images, "official": expected number}.
        seconds: dataset -> wall time.
        skipped: dataset -> file name of an image that was left out -> its error.
    """
    folder = Path(cfg.OUTPUT_DIR)
    folder.mkdir(parents=True, exist_ok=True)
    write_whole(folder / "environment.txt", f"{collect_env_info()}\n".encode())
    record = {
        "results": results,
        "images": images,
        "skipped": skipped,
        "seconds": {name: round(value, 1) for name, value in seconds.items()},
        "date": datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds"),
        "vocabulary": {"name": vocabulary.name, "sha256": vocabulary.digest},
        "config_sha256": config_digest(cfg),
        "environment": _environment(cfg.MODEL.DEVICE),
        "config": cfg,
    }
    text = json.dumps(_plain(record), indent=2, allow_nan=False)
    write_whole(folder / RECORD, f"{text}\n".encode())
    logger.info(f"Results, config, log and environment are in {cfg.OUTPUT_DIR}")


def skipped_images(output_dir: str) -> list[str]:
    """The images that a complete run left out, with their errors."""
    path = Path(output_dir) / RECORD
    skipped = json.loads(path.read_text(encoding="utf-8"))["skipped"] if path.is_file() else {}
    return [error for errors in skipped.values() for error in errors.values()]


def _environment(device: str) -> dict[str, Any]:
    """Versions and hardware, without names of users, machines and folders."""
    return {
        "platform": platform.platform(),
        "device": _device_name(device),
        "processes": comm.get_world_size(),
        "backend": BACKEND,
        "python": platform.python_version(),
        "freecp_d2": __version__,
        "torch": torch.__version__,
        **{name: _version(packages) for name, packages in _DISTRIBUTIONS.items()},
    }


def _version(packages: tuple[str, ...]) -> str | None:
    """Version of the first package that is installed, or None."""
    for package in packages:
        try:
            return importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            continue
    return None


def _device_name(device: str) -> str:
    """The vendor's name of the GPU or CPU."""
    if device.startswith("cuda"):
        return torch.cuda.get_device_name(device)
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.is_file() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return f"CPU, {names[0] if names else platform.processor() or platform.machine()}"


def _leaves(cfg: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """(dotted key, plain value) of all keys."""
    for name, value in cfg.items():
        if isinstance(value, Mapping):
            yield from _leaves(value, f"{prefix}{name}.")
        else:
            yield prefix + name, _plain(value)


def _plain(value: Any) -> Any:
    """A value for JSON: tuples as lists; NaN, the metric of an absent class, as None."""
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
