"""
The tiny CLIP that ships with the package: MODEL.CLIP.PRETRAINED storybook.

Two files in `storybook/`: a state dict in OpenAI's layout and the merges of its tokenizer. They
are read by the code that reads OpenAI's own; only that they are the right files is asked here.
"""

import functools
import hashlib
from pathlib import Path

__all__ = ["EMBEDDED_NAME", "EMBEDDED_SHA256", "embedded_merges", "embedded_weights"]

EMBEDDED_NAME = "storybook"

EMBEDDED_SHA256 = {
    "storybook_clip.safetensors": (
        "4f665f77a2025b0311939b2c83828e29d6b0454c4b115d3bbaa685f7ac315f2a"
    ),
    "merges.txt.gz": "b189b805aae9338315206ae41561d63a571d839e9297591921146cc47cc8d250",
}
"""What the files in `storybook/` are; a training run that replaces them replaces these."""

_WEIGHTS_DIR = Path(__file__).resolve().parent / "storybook"


def embedded_weights() -> str:
    """
    Path of the weights: a safetensors file of `clip.model.CLIP`.

    Raises:
        FileNotFoundError: the file is not there.
        ValueError: it is another file.
    """
    return _checked_path("storybook_clip.safetensors")


def embedded_merges() -> str:
    """
    Path of the merges of its tokenizer (format: see `text.CLIPTokenizer`).

    Raises:
        FileNotFoundError: the file is not there.
        ValueError: it is another file.
    """
    return _checked_path("merges.txt.gz")


def _checked_path(name: str) -> str:
    path, expected = _WEIGHTS_DIR / name, EMBEDDED_SHA256[name]
    found = _sha256(path) if path.is_file() else ""
    remedy = (
        f"restore the file with `git checkout -- freecp_d2/checkpoint/storybook/{name}`, or "
        "install freecp_d2 again."
    )
    if not found:
        raise FileNotFoundError(f"No file {path}, which ships with the package; {remedy}")
    if found != expected:
        raise ValueError(
            f"{path} is not the file that ships with the package: its SHA-256 is {found}, expected "
            f"{expected or 'none yet'}; {remedy}"
        )
    return str(path)


@functools.cache
def _sha256(path: Path) -> str:
    """Of a file's content; read once a process."""
    return hashlib.sha256(path.read_bytes()).hexdigest()
