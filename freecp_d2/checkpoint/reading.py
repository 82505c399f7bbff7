"""
Read the tensors of a weights file without executing code.

The format, detected by content, is TorchScript (`torch.jit`), safetensors, or a pickle of tensors
(`torch.load` with `weights_only=True`), zipped or of before PyTorch 1.6.
"""

import argparse
import contextlib
import json
import logging
import os
import pickle
import re
import warnings
import zipfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

logger = logging.getLogger(__name__)

_IMAGE_HEADS = (b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"RIFF", b"II*\0", b"MM\0*")
"""First bytes of PNG, JPEG, GIF, WebP and TIFF."""

_WRAPPERS = ("state_dict", "model_state_dict", "model", "teacher")
"""Keys of the state dict in the files of training programs; DINO is the teacher of its training."""

_PREFIXES = ("module.", "_orig_mod.")
"""Of distributed trainings and `torch.compile`."""

_INSERTED = ("._orig_mod.", "._fsdp_wrapped_module.")
"""What `torch.compile` and FSDP insert into the names of a part of a model that they wrap."""

WEIGHTS_FILES = (
    "open_clip_model.safetensors",
    "open_clip_pytorch_model.bin",
    "model.safetensors",
    "pytorch_model.bin",
)
"""Names of the weights in a folder of Hugging Face's libraries, best first."""

_NUMPY = {
    "scalar": np.float64(0).__reduce__()[0],
    "_reconstruct": np.zeros(0).__reduce__()[0],
}
"""The functions that unpickle NumPy's numbers and arrays."""
_HARMLESS: list[Any] = [
    argparse.Namespace,
    np.dtype,
    np.ndarray,
    *{type(np.dtype(code)) for code in "?bhilqBHILQefdSUMm"},
    *(
        (function, f"numpy.{core}.multiarray.{name}")
        for name, function in _NUMPY.items()
        for core in ("core", "_core")
    ),
]
"""What training programs store beside the tensors: options and scores."""


def read_state_dict(path: str | os.PathLike[str]) -> dict[str, Tensor]:
    """
    Tensors of a TorchScript archive, a safetensors file or a pickled state dict, on the CPU.

    Of a folder that `save_pretrained` made, its weights are read, also from several files. A state
    dict inside another ("state_dict", "model_state_dict", "model", "teacher", or the only one there
    is) is unwrapped; prefixes that all names share, as after distributed training, are removed.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: the file has another format, or a pickle holds other objects.
    """
    path = os.fspath(path)
    if files := weights_in(path):
        parts = [read_state_dict(file) for file in files]
        return {key: value for part in parts for key, value in part.items()}
    if not os.path.isfile(path):
        raise FileNotFoundError(
            f"{path} is no file; give the path of a TorchScript archive, a safetensors file or a "
            "state dict."
        )
    try:
        return _only_tensors(_unwrap(_read(path)))
    except Exception as error:  # the exceptions of the readers are not documented
        what = _describe(path) or _explain(error)
        raise ValueError(
            f"{path} is no checkpoint that can be read ({what}); give a "
            "TorchScript archive, a safetensors file or a state dict that holds only tensors."
        ) from error


def weights_in(folder: str | os.PathLike[str]) -> list[Path]:
    """The files of a folder that hold its weights; none if it has no known ones."""
    for path in (Path(folder) / name for name in WEIGHTS_FILES):
        if path.is_file():
            return [path]
        index = path.with_name(f"{path.name}.index.json")
        if index.is_file():
            parts = json.loads(index.read_text(encoding="utf-8"))["weight_map"].values()
            return [path.with_name(part) for part in sorted(set(parts))]
    return []


def without_prefix(
    state: dict[str, Tensor], anchors: Iterable[str], path: str
) -> dict[str, Tensor]:
    """
    The part of a state dict that is one model: names behind the prefix of an anchor.

    Args:
        anchors: names of tensors, of which a model has one; "model.visual.conv1.weight" has the
            prefix "model." of the anchor "visual.conv1.weight".
        path: of the file, for the message.

    Returns:
        dict: `state` without the prefix and other names; `state` itself without an anchor.

    Raises:
        ValueError: several prefixes, for example of a student and a teacher.
    """
    prefixes = sorted(
        {
            key.removesuffix(anchor)
            for anchor in anchors
            for key in state
            if key == anchor or key.endswith(f".{anchor}")
        }
    )
    if "" in prefixes or not prefixes:
        return state
    if len(prefixes) > 1:
        raise ValueError(
            f"{path} holds {len(prefixes)} models, with the prefixes {', '.join(prefixes)}; save "
            "the tensors of one of them."
        )
    (prefix,) = prefixes
    found = {k.removeprefix(prefix): v for k, v in state.items() if k.startswith(prefix)}
    logger.info(f'{path}: {len(found)} of {len(state)} tensors are behind the prefix "{prefix}".')
    return found


def _read(path: str) -> Any:
    if _is_safetensors(path):
        import safetensors.torch

        return safetensors.torch.load_file(path)
    if _is_torchscript(path):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # TorchScript is deprecated
            return torch.jit.load(path, map_location="cpu").state_dict()
    is_new = hasattr(torch.serialization, "get_unsafe_globals_in_checkpoint")  # PyTorch 2.6
    allow = torch.serialization.safe_globals(_HARMLESS) if is_new else contextlib.nullcontext()
    with allow:
        return torch.load(path, map_location="cpu", weights_only=True)


def _is_safetensors(path: str) -> bool:
    """By the name, or by the head: the length of a JSON object in eight bytes, and the object."""
    size = os.path.getsize(path)
    with open(path, "rb") as file:
        length = int.from_bytes(file.read(8), "little")
        head = file.read(1)
    return path.endswith(".safetensors") or (head == b"{" and 2 <= length <= size - 8)


def _is_torchscript(path: str) -> bool:
    """By the table of constants, which a pickled state dict lacks."""
    if not zipfile.is_zipfile(path):
        return False
    with zipfile.ZipFile(path) as archive:
        return any(name.rpartition("/")[2] == "constants.pkl" for name in archive.namelist())


def _unwrap(content: Any) -> Any:
    """The state dict inside the content of a file."""
    for key in _WRAPPERS:
        if isinstance(content, Mapping) and isinstance(content.get(key), Mapping):
            content = content[key]
    if isinstance(content, Mapping) and not any(_is_tensor(value) for value in content.values()):
        inner = [key for key, value in content.items() if _has_tensors(value)]
        if len(inner) > 1:
            raise TypeError(f"it holds several state dicts: {inner}; save one of them")
        return content[inner[0]] if inner else content
    return content


def _is_tensor(value: Any) -> bool:
    return isinstance(value, Tensor)


def _has_tensors(value: Any) -> bool:
    return isinstance(value, Mapping) and any(_is_tensor(item) for item in value.values())


def _only_tensors(content: Any) -> dict[str, Tensor]:
    if not isinstance(content, Mapping):
        raise TypeError(f"it holds a {type(content).__name__}, expected names with tensors")
    kinds = Tensor | int | float | np.generic | np.ndarray
    others = [key for key, value in content.items() if not isinstance(value, kinds)]
    if others or not content:
        raise TypeError(f"not tensors: {others[:5]}" if others else "it is empty")
    # Sizes of a model may be numbers or tensors.
    state = {str(key): torch.as_tensor(value) for key, value in content.items()}
    for part in _INSERTED:
        state = {key.replace(part, "."): value for key, value in state.items()}
    while prefix := next((p for p in _PREFIXES if all(key.startswith(p) for key in state)), ""):
        state = {key.removeprefix(prefix): value for key, value in state.items()}
    return state


def _explain(error: Exception) -> str:
    """The problem of a file without the library's advice, which is to execute it."""
    if found := re.search(r"GLOBAL ([\w.]+)", str(error)):
        return (
            f"it holds a Python object, {found[1]}, which is not executed; save "
            "model.state_dict() alone"
        )
    reason = next(iter(str(error).splitlines()), "")
    if isinstance(error, TypeError):
        return reason
    is_theirs = isinstance(error, pickle.UnpicklingError | KeyError)  # of bytes that are no pickle
    detail = "" if is_theirs else f": {reason.partition('. ')[0]}"
    return f"it is damaged, incomplete or of another format{detail}"


def _describe(path: str) -> str:
    """What another file is; "" if unknown."""
    with open(path, "rb") as file:
        start = file.read(512)
    head = start.lstrip()
    if not head:
        return "it is empty"
    if start.startswith(_IMAGE_HEADS):
        return "it is an image, which has no weights"
    if start.startswith(b"\x1f\x8b"):
        return "it is compressed with gzip; unpack it"
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            if not any(name.endswith("data.pkl") for name in archive.namelist()):
                return "it is a zip archive that PyTorch has not written; unpack it"
    if head.startswith(b"version https://git-lfs"):
        return "it is a pointer of Git LFS; run `git lfs pull` where it comes from"
    if head.startswith(b"<"):
        return "it is a web page, probably an error page of the server; download it again"
    return "it is JSON" if head.startswith((b"{", b"[")) and b"\0" not in start else ""
