"""
Weights on the command line.

    freecp weights list
    freecp weights fetch clip:ViT-B/16 dino:vitb8
    freecp weights verify
    freecp weights where sam:vit_b
"""

import argparse
import logging
import sys
from collections.abc import Sequence
from pathlib import Path

from tabulate import tabulate

from ..checkpoint.catalogue import (
    WeightsEntry,
    check_file,
    file_digest,
    load_catalogue,
    noted_digest,
)
from ..checkpoint.download import MEGABYTE
from ..checkpoint.finding import find_weights, local_path, place_of, remote_entry, weights_dir
from ..checkpoint.hub import hub_problem, is_in_hub_cache
from ..utils.errors import message_of

OK, FAILED = 0, 1
"""Exit codes; argparse exits with 2 for a wrong command line."""


def build_parser() -> argparse.ArgumentParser:
    """`list`, `fetch`, `verify` and `where`."""
    parser = argparse.ArgumentParser(
        description="List, download and check pretrained weights.",
        epilog="Exit code: 0, or 1 if something is missing, wrong or could not be downloaded.",
    )
    verbs = parser.add_subparsers(dest="verb", required=True, metavar="VERB")
    text = "show the catalogue, and what of it is here"
    verbs.add_parser("list", help=text, description=text)
    name = "name of the catalogue, URL or hf://org/repo/file"
    default = "name or path; default: all of the catalogue that is here"
    for verb, text, nargs, names in (
        ("fetch", "download what is not here, and check it", "+", name),
        ("verify", "hash files again and compare their hashes", "*", default),
        ("where", "show where weights are, or where to put them", 1, name),
    ):
        command = verbs.add_parser(verb, help=text, description=text)
        command.add_argument("names", nargs=nargs, metavar="NAME", help=names)
    return parser


def show_catalogue() -> int:
    """Print the catalogue as a table."""
    rows = [
        (entry.name, entry.licence, _size(entry), _hash(entry), _source(entry), _here(entry.name))
        for entry in load_catalogue().values()
    ]
    head = ("name", "licence", "MB", "SHA-256", "source", "here")
    print(tabulate(rows, head, disable_numparse=True))
    print(f"\nHere: in {weights_dir()}, in the hub's cache, or where another program put it.")
    return OK


def _size(entry: WeightsEntry) -> str:
    if entry.size:
        return f"{entry.size / MEGABYTE:.1f}"
    return f"about {entry.about / MEGABYTE:.0f}" if entry.about else ""


def _hash(entry: WeightsEntry) -> str:
    if entry.sha256:
        return f"{entry.sha256[:8]} ({entry.hash_by})"
    return "of the hub" if entry.hub else "of the package" if entry.package else "not published"


def _source(entry: WeightsEntry) -> str:
    if entry.url:
        mirror = f", or hf://{entry.mirror}" if entry.mirror else ""
        return f"{entry.url.split('/')[2]}: {entry.file_name}{mirror}"
    return f"hf://{entry.hub}" if entry.hub else entry.source


def _here(name: str) -> str:
    try:
        return "yes" if local_path(name) else ""
    except (OSError, ValueError):
        return "damaged"


def fetch(name: str) -> int:
    """Find the weights of a name, by download if needed, and print their path."""
    print(f"{name}: {find_weights(name)}")
    return OK


def verify(name: str) -> int:
    """Hash the file or folder of a name or path again, and print the result."""
    given = Path(name).expanduser()
    found = str(given) if given.exists() else local_path(name)
    if not found:
        print(f"{name}: MISSING; `fetch {name}` downloads it")
        return FAILED
    try:
        digest, is_compared = _compare(name, Path(found))
    except ValueError as error:
        print(f"{name}: WRONG; {error}")
        return FAILED
    known = [row.name for row in load_catalogue().values() if row.sha256 == digest != ""]
    word = "OK" if is_compared or known else "HERE, with no hash to compare it with"
    facts = [*known[:1], f"SHA-256 {digest}" if digest else "", found]
    print(f"{name}: {word}; {', '.join(fact for fact in facts if fact not in ('', name))}")
    return OK


def _compare(name: str, path: Path) -> tuple[str, bool]:
    """The SHA-256 of a file ("" for a folder), and whether it was compared; ValueError if wrong."""
    if path.is_dir() or is_in_hub_cache(path):
        files = [path] if path.is_file() else [f for f in sorted(path.rglob("*")) if f.is_file()]
        problems = [problem for file in files if (problem := hub_problem(file))]
        if problems:
            raise ValueError("\n".join(problems))
        digest = file_digest(path) if path.is_file() else ""
        return digest, bool(files) and all(map(is_in_hub_cache, files))
    rows = load_catalogue()
    by_file_name = (row for row in rows.values() if row.url and row.file_name == path.name)
    entry = rows.get(name) or next(by_file_name, None) or remote_entry(name) or WeightsEntry(name)
    is_compared = bool(entry.sha256 or noted_digest(path) or entry.package)
    keep_note = path.is_relative_to(weights_dir())
    digest = check_file(path, size=entry.size, sha256=entry.sha256, keep_note=keep_note, again=True)
    return digest, is_compared


def where(name: str) -> int:
    """Print the path alone, for scripts; if it is missing, on stderr where to put it."""
    path = local_path(name)
    if path:
        print(path)
        return OK
    entry = load_catalogue().get(name)
    source = f" from {entry.source}" if entry else ""
    print(f"{name} is not here; `fetch` puts it{source} at {place_of(name)}", file=sys.stderr)
    return FAILED


def main(argv: Sequence[str] | None = None) -> int:
    """Run a verb for every name; returns the exit code. An error does not stop the other names."""
    args = build_parser().parse_args(argv)
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    for library in ("httpx", "httpx2"):
        logging.getLogger(library).setLevel(logging.WARNING)
    if args.verb == "list":
        return show_catalogue()
    names, code = args.names, OK
    if args.verb == "verify" and not names:
        names = [name for name in load_catalogue() if _here(name)]
    for name in names:
        try:
            code = max(code, {"fetch": fetch, "verify": verify, "where": where}[args.verb](name))
        except (OSError, ValueError) as error:
            print(f"{name}: {message_of(error)}", file=sys.stderr)
            code = FAILED
    return code
