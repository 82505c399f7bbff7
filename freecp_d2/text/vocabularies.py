"""The vocabularies that ship with the package, and the one door to them and to files."""

from pathlib import Path

from .shipped import find_shipped, shipped_names
from .vocabulary import Vocabulary

__all__ = ["load_vocabulary", "shipped_vocabularies"]

_CLASSES_DIR = Path(__file__).resolve().parent.parent / "data" / "classes"


def load_vocabulary(name_or_path: str | Path) -> Vocabulary:
    """
    Loads a vocabulary that ships with the package (`"ade20k"`) or one of your own by its path.

    A shipped name wins over a file of that name in the working directory; write `./ade20k`
    for that one.

    Raises:
        FileNotFoundError: neither a shipped name nor a file; the message lists what exists.
        ValueError: the file breaks the format (see `Vocabulary.from_file`).
    """
    path = find_shipped(_CLASSES_DIR, ".txt", name_or_path)
    if path is not None:
        return Vocabulary.from_file(path)
    shipped = shipped_vocabularies()
    raise FileNotFoundError(
        f"No vocabulary {str(name_or_path)!r}: it is neither a file nor one of the shipped lists "
        f"({', '.join(shipped)}); use one of those names or the path of a text file."
    )


def shipped_vocabularies() -> tuple[str, ...]:
    """Names of the vocabularies that ship with the package, sorted."""
    return shipped_names(_CLASSES_DIR, ".txt")
