"""What results are called, and what they must not write over: inputs, and files of others."""

import os
from collections.abc import Sequence
from pathlib import Path

from ...utils.files import printable
from .inputs import Source, expanded, is_below

__all__ = ["ENDINGS", "PAGE", "check_folders", "check_page", "check_results"]

PAGE = "index.html"

ENDINGS = {
    "record": ".json",
    "overlay": "_overlay.jpg",
    "labels": "_labels.png",
    "scores": "_scores.npz",
    "video": "_labelled.mp4",
    "frames": "_frames.jsonl",
}
"""Of the name of an input, by what it is that is written for it."""

_HEAD = 1 << 16  # bytes, more than the style of a page
_MARK = b'<p class="kicker">FreeCP</p>'
"""What every page that `gallery.py` makes begins with."""


def check_folders(inputs: Sequence[str], output: Path) -> None:
    """
    Args:
        inputs: files, folders and patterns, as they were given.
        output: the folder of the results; inside an input folder it is well.

    Raises:
        ValueError: it is an input folder, or has one in it: results would be among the images,
            replace what has their name, and be inputs the next time.
    """
    place = os.path.realpath(output)
    for argument in inputs:
        folder = expanded(argument)
        if folder.is_dir() and is_below(os.path.realpath(folder), place):
            what = "is" if os.path.realpath(folder) == place else "has in it"
            raise ValueError(
                f"--output {output} {what} the input folder {argument}, whose files results could "
                f"replace; name another folder, which may be inside it: {folder / 'labelled'}"
            )


def check_results(sources: Sequence[Source], names: Sequence[Path], output: Path) -> None:
    """
    Args:
        sources, names: inputs and what their results are called, as many of each.
        output: the folder of the results.

    Raises:
        ValueError: a result would replace an input.
    """
    place = os.path.realpath(output)
    real = {os.path.realpath(source.path): source for source in sources}
    inside = {path: source for path, source in real.items() if is_below(path, place)}
    if not inside:
        return
    for source, name in zip(sources, names, strict=True):
        for ending in ENDINGS.values():
            other = inside.get(os.path.join(place, f"{name}{ending}"))
            if other:
                raise ValueError(
                    f"a result of {printable(source.path)} would replace the input "
                    f"{printable(other.path)}; name another folder with --output."
                )


def check_page(output: Path) -> None:
    """
    Raises:
        ValueError: the folder has an `index.html` that this program did not write.
    """
    page = output / PAGE
    if page.is_dir():
        raise ValueError(f"{page} is a folder, where --report writes its page; move it away.")
    if not page.exists():
        return
    with page.open("rb") as file:
        head = file.read(_HEAD)
    if head.strip() and _MARK not in head:
        raise ValueError(
            f"{page} was not written by this program, and --report would replace it; move it away, "
            "or name another folder with --output."
        )
