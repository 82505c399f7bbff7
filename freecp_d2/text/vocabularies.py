"""The vocabularies that ship with the package, and the one door to them and to files."""

from pathlib import Path

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
    shipped = shipped_vocabularies()
    if str(name_or_path) in shipped:
        return Vocabulary.from_file(_CLASSES_DIR / f"{name_or_path}.txt")
    path = Path(name_or_path).expanduser()
    if path.is_file() or path.suffix or len(path.parts) > 1:
        return Vocabulary.from_file(path)
    raise FileNotFoundError(
        f"No vocabulary {str(name_or_path)!r}: it is neither a file nor one of the shipped lists "
        f"({', '.join(shipped)}); use one of those names or the path of a text file."
    )


def shipped_vocabularies() -> tuple[str, ...]:
    """Names of the vocabularies that ship with the package, sorted."""
    return tuple(sorted(path.stem for path in _CLASSES_DIR.glob("*.txt")))
