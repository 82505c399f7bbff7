"""Files that are here already, read again and held to their hashes."""

from dataclasses import dataclass
from pathlib import Path

from .catalogue import WeightsEntry, load_catalogue
from .checking import check_file, file_digest, noted_digest
from .finding import split_hash, weights_dir
from .hub import hub_problem, is_of_hub_cache

__all__ = ["Verdict", "verify"]


@dataclass(frozen=True)
class Verdict:
    """
    Attributes:
        problem: what is wrong; "" if nothing is known to be.
        compared: whether there was a hash to compare with.
        digest: SHA-256 of the file; "" for a folder.
    """

    problem: str
    compared: bool
    digest: str = ""


def verify(name: str, path: Path) -> Verdict:
    """
    Read weights again and compare their hashes.

    Args:
        name: of the catalogue, a URL, a hub name, or the path itself.
        path: the file or folder where they are on this machine.
    """
    if path.is_dir():
        files = sorted(file for file in path.rglob("*") if file.is_file())
        problems = [found for file in files if (found := hub_problem(file))]
        return Verdict("\n".join(problems), bool(files) and all(map(is_of_hub_cache, files)))
    if is_of_hub_cache(path):
        return Verdict(hub_problem(path), True, file_digest(path))
    entry = load_catalogue().get(name) or _entry_of_file(path)
    sha256 = entry.sha256 if entry else split_hash(name)[1]
    compared = bool(sha256 or noted_digest(path) or (entry and entry.package))
    try:
        digest = check_file(
            path,
            size=entry.size if entry else None,
            sha256=sha256,
            keep_note=path.is_relative_to(weights_dir()),
            again=True,
        )
    except ValueError as error:
        return Verdict(str(error), True)
    return Verdict("", compared, digest)


def _entry_of_file(path: Path) -> WeightsEntry | None:
    """The row of the catalogue whose file has this name."""
    rows = load_catalogue().values()
    return next((row for row in rows if row.url and row.file_name == path.name), None)
