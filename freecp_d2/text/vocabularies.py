"""The vocabularies that ship with the package, and the one door to them, to files and strings."""

import difflib
from pathlib import Path

from .shipped import shipped_names
from .spelling import take_apart
from .vocabulary import Vocabulary
from .vocabulary_lines import Finding, has_commas, has_parts, warn_once

__all__ = ["load_vocabulary", "shipped_vocabularies"]

_CLASSES_DIR = Path(__file__).resolve().parent / "resources" / "vocabularies"


def load_vocabulary(words: str | Path) -> Vocabulary:
    """
    Loads a vocabulary that ships with the package, a file, or what a string says.

    The first that fits counts:

    1. `"ade20k"`: a shipped name; write `./ade20k` for a file of that name.
    2. `"animals.txt"`: a path, which is what names a file that exists, a `Path`, and a string that
       ends in `.txt` and has no `;` and no new line.
    3. `"cat, kitten; dog"`: what has `;`, `,` or a new line; see `Vocabulary.from_string`. One
       class of one word is `"cat;"`, for a bare word may be a name that is misspelt.

    Names that a benchmark writes apart, such as "diningtable", are kept, and said in one warning.

    Raises:
        FileNotFoundError: none of these, or a path that leads nowhere; the message lists what
            exists.
        TypeError: no string and no path, such as a list.
        ValueError: the file or string breaks the format (see `Vocabulary`).
    """
    if not isinstance(words, str | Path):
        raise TypeError(
            f"Got words as {type(words).__name__}, expected a string such as "
            '"cat, kitten; dog", the name of a shipped list or a path; for a list "; ".join(words).'
        )
    text = str(words).strip()
    shipped = shipped_vocabularies()
    if text in shipped:
        return Vocabulary.from_file(_CLASSES_DIR / f"{text}.txt")
    if isinstance(words, Path) or _is_path(text):
        vocabulary = Vocabulary.from_file(words if isinstance(words, Path) else text)
    elif has_parts(text) or has_commas(text):
        vocabulary = Vocabulary.from_string(text)
    else:
        near = difflib.get_close_matches(text.lower(), shipped, n=3)
        meant = f" Did you mean {' or '.join(map(repr, near))}?" if near else ""
        raise FileNotFoundError(
            f"No vocabulary {text!r}: it is neither a file nor one of the shipped lists "
            f"({', '.join(shipped)}); use one of those names or the path of a text file, or write "
            f'the words: "cat, kitten; dog", and for this one class "{text or "cat"};".{meant}'
        )
    warn_once(vocabulary.name, _glued_words(vocabulary))
    return vocabulary


def shipped_vocabularies() -> tuple[str, ...]:
    """Names of the vocabularies that ship with the package, sorted."""
    return shipped_names(_CLASSES_DIR, ".txt")


def _is_path(text: str) -> bool:
    """Whether a string names a file, there or missing, rather than words."""
    try:
        if Path(text).expanduser().is_file():
            return True
    except (OSError, ValueError, RuntimeError):  # too long for a name, a null, no such user's home
        return False
    if has_parts(text):
        return False
    looks_so = text.startswith(("./", "../", "/", "~/")) and not has_commas(text)
    return text.lower().endswith(".txt") or looks_so


def _glued_words(vocabulary: Vocabulary) -> list[Finding]:
    pairs = ((word, take_apart(word)) for word in dict.fromkeys(vocabulary.words))
    return [Finding(f"{word!r} may be {apart!r}") for word, apart in pairs if word != apart]
