"""
Weights on the command line.

    python -m freecp_d2.weights list
    python -m freecp_d2.weights fetch clip:ViT-B/16 dino:vitb8
    python -m freecp_d2.weights verify
    python -m freecp_d2.weights where sam:vit_b
"""

import argparse
import logging
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from tabulate import tabulate

from ..checkpoint.catalogue import WeightsEntry, load_catalogue
from ..checkpoint.download import MEGABYTE
from ..checkpoint.finding import find_weights, local_path, place_of, weights_dir
from ..checkpoint.verifying import verify

OK, FAILED = 0, 1
"""Exit codes; 2, from argparse, is a wrong command line."""


def build_parser() -> argparse.ArgumentParser:
    """`list`, `fetch`, `verify` and `where`."""
    parser = argparse.ArgumentParser(
        prog="python -m freecp_d2.weights",
        description="Pretrained weights: which there are, and whether the right ones are here.",
        epilog="Exit code: 0, or 1 if something is missing, wrong or could not be downloaded.",
    )
    verbs = parser.add_subparsers(dest="verb", required=True, metavar="VERB")
    help_of_names = "name of the catalogue, URL or hf://org/repo/file"
    _add(verbs, "list", list_catalogue, "show the catalogue, and what of it is here")
    fetch = _add(verbs, "fetch", fetch_all, "download what is not here, and check it")
    fetch.add_argument("names", nargs="+", metavar="NAME", help=help_of_names)
    verify = _add(verbs, "verify", verify_all, "read files again and compare their hashes")
    verify.add_argument(
        "names", nargs="*", metavar="NAME|PATH", help="default: all of the catalogue that is here"
    )
    where = _add(verbs, "where", show_where, "show where weights are, or where to put them")
    where.add_argument("names", nargs=1, metavar="NAME", help=help_of_names)
    return parser


def _add(verbs: "argparse._SubParsersAction", name: str, run: Callable, text: str):
    parser = verbs.add_parser(name, help=text, description=text)
    parser.set_defaults(run=run, names=[])
    return parser


def list_catalogue(_: Sequence[str]) -> int:
    """The catalogue as a table."""
    rows = [
        (entry.name, entry.licence, _size(entry), _hash(entry), _source(entry), _here(entry.name))
        for entry in load_catalogue().values()
    ]
    head = ("name", "licence", "MB", "SHA-256", "source", "here")
    _say(tabulate(rows, head, disable_numparse=True))
    _say(f"\nHere: in {weights_dir()}, in the hub's cache, or where another program put it.")
    return OK


def fetch_all(names: Sequence[str]) -> int:
    """Find each, by download if need be; one that fails does not keep the others."""
    results = [_try(_fetch, name) for name in names]
    return max(results)


def _fetch(name: str) -> int:
    _say(f"{name}: {find_weights(name)}")
    return OK


def verify_all(names: Sequence[str]) -> int:
    """Hash files again; by default all that are here, and then none can be missing."""
    chosen = list(names) or [name for name in load_catalogue() if _here(name)]
    return max((_try(_verify, name) for name in chosen), default=OK)


def _verify(name: str) -> int:
    given = Path(name).expanduser()
    path = str(given) if given.exists() else local_path(name)
    if not path:
        _say(f"{name}: MISSING; `fetch {name}` downloads it")
        return FAILED
    verdict = verify(name, Path(path))
    if verdict.problem:
        _say(f"{name}: WRONG; {verdict.problem}")
        return FAILED
    known = [row.name for row in load_catalogue().values() if row.sha256 == verdict.digest != ""]
    word = "OK" if verdict.compared or known else "HERE, with no hash to compare it with"
    facts = [*known[:1], f"SHA-256 {verdict.digest}" if verdict.digest else "", path]
    _say(f"{name}: {word}; {', '.join(fact for fact in facts if fact not in ('', name))}")
    return OK


def show_where(names: Sequence[str]) -> int:
    """The path, alone on its line for use in scripts; else where to put it, on stderr."""
    return max(_try(_where, name) for name in names)


def _where(name: str) -> int:
    path = local_path(name)
    if path:
        _say(path)
        return OK
    entry = load_catalogue().get(name)
    source = f" from {entry.source}" if entry else ""
    sys.stderr.write(f"{name} is not here; `fetch` puts it{source} at {place_of(name)}\n")
    return FAILED


def _try(act: Callable[[str], int], name: str) -> int:
    """An error as a line, so that the next name has its turn."""
    try:
        return act(name)
    except (OSError, ValueError) as error:
        sys.stderr.write(f"{name}: {error}\n")
        return FAILED


def _size(entry: WeightsEntry) -> str:
    if entry.size:
        return f"{entry.size / MEGABYTE:.1f}"
    return f"about {entry.about / MEGABYTE:.0f}" if entry.about else ""


def _hash(entry: WeightsEntry) -> str:
    if entry.sha256:
        return f"{entry.sha256[:8]} ({entry.hash_by})"
    return "of the hub" if entry.hub else "of the package" if entry.package else "not published"


def _source(entry: WeightsEntry) -> str:
    """Short enough for a table; `where` and the messages give all of it."""
    if entry.url:
        return f"{entry.url.split('/')[2]}: {entry.file_name}"
    return f"hf://{entry.hub}" if entry.hub else entry.source


def _here(name: str) -> str:
    try:
        return "yes" if local_path(name) else ""
    except (OSError, ValueError):
        return "damaged"


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")


def main(argv: Sequence[str] | None = None) -> int:
    """Run a verb; returns the exit code."""
    args = build_parser().parse_args(argv)
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    for talkative in ("httpx", "httpx2", "iopath"):
        logging.getLogger(talkative).setLevel(logging.WARNING)
    return args.run(args.names)


if __name__ == "__main__":
    sys.exit(main())
