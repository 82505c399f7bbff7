"""
Read the tensors of a weights file without executing code.

The format, detected by content, is TorchScript (`torch.jit`), safetensors, or a pickle of tensors
(`torch.load` with `weights_only=True`), zipped or of before PyTorch 1.6.
"""

import os
import warnings
import zipfile
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

_IMAGE_HEADS = (b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"RIFF", b"II*\0", b"MM\0*")
"""First bytes of PNG, JPEG, GIF, WebP and TIFF."""

_WRAPPERS = ("state_dict", "model_state_dict", "model")
"""Keys of the state dict in the files of training programs."""


def read_state_dict(path: str | os.PathLike[str]) -> dict[str, Tensor]:
    """
    Tensors of a TorchScript archive, a safetensors file or a pickled state dict, on the CPU.

    A nested state dict ("state_dict", "model_state_dict", "model") is unwrapped, and the prefix
    "module." of a distributed training is removed.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: the file has another format, or a pickle holds other objects.
    """
    path = os.fspath(path)
    if not os.path.isfile(path):
        raise FileNotFoundError(
            f"{path} is no file; give the path of a TorchScript archive, a safetensors file or a "
            "state dict."
        )
    try:
        content = _read(path)
        for key in _WRAPPERS:
            if isinstance(content, Mapping) and isinstance(content.get(key), Mapping):
                content = content[key]
        return _only_tensors(content)
    except Exception as error:  # the exceptions of the readers are not documented
        what = _describe(path) or f"{type(error).__name__}: {error}"
        raise ValueError(
            f"{path} is no checkpoint that can be read ({what}); give a "
            "TorchScript archive, a safetensors file or a state dict that holds only tensors."
        ) from error


def _read(path: str) -> Any:
    if _is_safetensors(path):
        import safetensors.torch

        return safetensors.torch.load_file(path)
    if _is_torchscript(path):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # TorchScript is deprecated
            return torch.jit.load(path, map_location="cpu").state_dict()
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


def _only_tensors(content: Any) -> dict[str, Tensor]:
    if not isinstance(content, Mapping):
        raise TypeError(f"it holds a {type(content).__name__}, expected names with tensors")
    others = [key for key, value in content.items() if not isinstance(value, Tensor | int | float)]
    if others or not content:
        raise TypeError(f"not tensors: {others[:5]}" if others else "it is empty")
    # Sizes of a model may be numbers or tensors.
    state = {str(key): torch.as_tensor(value) for key, value in content.items()}
    if all(key.startswith("module.") for key in state):
        state = {key.removeprefix("module."): value for key, value in state.items()}
    return state


def _describe(path: str) -> str:
    """What another file is; "" if unknown."""
    with open(path, "rb") as file:
        start = file.read(512)
    head = start.lstrip()
    if not head:
        return "it is empty"
    if start.startswith(_IMAGE_HEADS):
        return "it is an image, which has no weights"
    if head.startswith(b"version https://git-lfs"):
        return "it is a pointer of Git LFS; run `git lfs pull` where it comes from"
    if head.startswith(b"<"):
        return "it is a web page, probably an error page of the server; download it again"
    return "it is JSON" if head.startswith((b"{", b"[")) and b"\0" not in start else ""
