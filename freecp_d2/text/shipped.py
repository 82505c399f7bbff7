"""Finding files that ship with the package by their name, and others by their path."""

from pathlib import Path

__all__ = ["find_shipped", "shipped_names"]


def find_shipped(folder: Path, suffix: str, name_or_path: str | Path) -> Path | None:
    """
    The shipped file of that name or, if there is none, the file at that path.

    Args:
        folder: where the shipped files are.
        suffix: of their names, with its dot.
        name_or_path: a shipped name wins over a file of that name in the working directory.

    Returns:
        Path | None: of a shipped file, or what can only be meant as a path, which may lead nowhere;
        None for a plain name that is neither shipped nor a file.
    """
    if str(name_or_path) in shipped_names(folder, suffix):
        return folder / f"{name_or_path}{suffix}"
    path = Path(name_or_path).expanduser()
    return path if path.is_file() or path.suffix or len(path.parts) > 1 else None


def shipped_names(folder: Path, suffix: str) -> tuple[str, ...]:
    """Names of the shipped files in `folder`, without suffix, sorted."""
    return tuple(sorted(path.stem for path in folder.glob(f"*{suffix}")))
