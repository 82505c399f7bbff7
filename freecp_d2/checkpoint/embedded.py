"""
The small CLIP in the package, MODEL.CLIP.PRETRAINED storybook.

`storybook/` has a state dict in OpenAI's layout and the merges of its tokenizer.
"""

import functools
from pathlib import Path

from .checksums import file_digest

EMBEDDED_NAME = "storybook"

EMBEDDED_SHA256 = {
    "storybook_clip.safetensors": (
        "be2d2834b99911f61267ca5a813335380d8df3479452ebb0f51020c0a15e6f38"
    ),
    "merges.txt.gz": "b189b805aae9338315206ae41561d63a571d839e9297591921146cc47cc8d250",
}
"""SHA-256 of the files in `storybook/`."""

_WEIGHTS_DIR = Path(__file__).resolve().parent / "storybook"
_digest = functools.cache(file_digest)


def embedded_weights() -> str:
    """
    Path of the weights, a safetensors file of `clip.model.CLIP`.

    Raises:
        FileNotFoundError: it is missing.
        ValueError: it has another hash.
    """
    return _checked_path("storybook_clip.safetensors")


def embedded_merges() -> str:
    """Path of the merges of the tokenizer; raises as `embedded_weights`."""
    return _checked_path("merges.txt.gz")


def _checked_path(name: str) -> str:
    path, expected = _WEIGHTS_DIR / name, EMBEDDED_SHA256[name]
    remedy = (
        f"restore the file with `git checkout -- freecp_d2/checkpoint/storybook/{name}`, or "
        "install freecp_d2 again."
    )
    if not path.is_file():
        raise FileNotFoundError(f"No file {path}, which ships with the package; {remedy}")
    if (found := _digest(path)) != expected:
        raise ValueError(
            f"{path} is not the file that ships with the package: its SHA-256 is {found}, expected "
            f"{expected}; {remedy}"
        )
    return str(path)
