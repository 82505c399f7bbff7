"""
Words on the command line.

    python -m freecp_d2.words check "cat, kitten; dog; remote control"
    python -m freecp_d2.words show mouse
    python -m freecp_d2.words missing words.txt --descriptions visual
    python -m freecp_d2.words stats

A vocabulary is what MODEL.TEXT.VOCABULARY takes: a shipped list's name, a file, or the words.
"""

import argparse
import logging
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from tabulate import tabulate

from ...text import (
    Descriptions,
    load_descriptions,
    load_vocabulary,
    shipped_descriptions,
    shipped_vocabularies,
)
from ...text.vocabulary_format import VocabularyIssue
from .checking import check_vocabulary
from .showing import describe_tokens, find_places, near_words, sentences_of
from .statistics import HEAD, numbers_of

OK, FAILED = 0, 1
"""Exit codes; 2, from argparse, is a wrong command line."""


def build_parser() -> argparse.ArgumentParser:
    """`check`, `show`, `missing` and `stats`."""
    parser = argparse.ArgumentParser(
        prog="python -m freecp_d2.words",
        description="Words, before an image is segmented with them.",
        epilog="Exit code: 0, or 1 if something is wrong, missing or cannot be read.",
    )
    verbs = parser.add_subparsers(dest="verb", required=True, metavar="VERB")
    takes = 'a shipped list\'s name, a file, or words: "cat, kitten; dog"'
    check = _add(verbs, "check", check_words, "list all that looks wrong in a vocabulary")
    check.add_argument("vocabulary", metavar="VOCABULARY", help=takes)
    _add_descriptions(check, "tell what it lacks, too", nargs=None)
    show = _add(verbs, "show", show_word, "show all that is known of a word")
    show.add_argument("word", metavar="WORD", help="any word; quote several: 'traffic light'")
    _add_descriptions(show, "default: all that ship with the package", nargs="+")
    missing = _add(verbs, "missing", list_missing, "list words without descriptions, one a line")
    missing.add_argument("vocabulary", metavar="VOCABULARY", help=takes)
    _add_descriptions(missing, "where they are looked for", nargs=None, required=True)
    missing.add_argument(
        "--background", action="store_true", help="background words, too; Eq. (8) has none"
    )
    stats = _add(verbs, "stats", show_numbers, "show vocabularies in numbers")
    stats.add_argument(
        "vocabularies", nargs="*", metavar="VOCABULARY", help=f"{takes}; default: all shipped"
    )
    _add_descriptions(stats, "default: all that ship with the package", nargs="+")
    return parser


def _add(verbs: "argparse._SubParsersAction", name: str, run: Callable, text: str):
    parser = verbs.add_parser(name, help=text, description=text)
    parser.set_defaults(run=run)
    return parser


def _add_descriptions(
    parser: argparse.ArgumentParser, text: str, nargs: str | None, required: bool = False
) -> None:
    parser.add_argument(
        "--descriptions",
        nargs=nargs,
        required=required,
        metavar="NAME",
        help=f"shipped descriptions' name, or a JSON file; {text}",
    )


def check_words(args: argparse.Namespace) -> int:
    """Problems and notes as a table; 1 if there are problems."""
    vocabulary = load_vocabulary(args.vocabulary)
    descriptions = load_descriptions(args.descriptions) if args.descriptions else None
    report = check_vocabulary(vocabulary, descriptions)
    rows = [*_rows("problem", report.problems), *_rows("note", report.notes)]
    if rows:
        _say(tabulate(rows, ("", "where", "what"), disable_numparse=True) + "\n")
    counts = (
        _count(vocabulary.num_classes, "class", "classes"),
        _count(len(vocabulary.words), "word", "words"),
        f"{vocabulary.num_background} of them background",
    )
    found = (
        _count(len(report.problems), "problem", "problems"),
        _count(len(report.notes), "note", "notes"),
    )
    _say(f"{vocabulary.name}: {', '.join(counts)}: {', '.join(found)}.")
    return FAILED if report.problems else OK


def _rows(level: str, findings: Sequence[VocabularyIssue]) -> list[tuple[str, str, str]]:
    return [(level, finding.where, finding.text) for finding in findings]


def show_word(args: argparse.Namespace) -> int:
    """Tokens, vocabularies with senses, and descriptions."""
    word = args.word.strip()
    if not word:
        raise ValueError("got an empty word, expected one; write it after `show`.")
    sets = _descriptions(args.descriptions)  # before anything is said: a name may be wrong
    _say(f"{word}\n\n" + "\n".join(describe_tokens(word)) + "\n")
    places = find_places(word)
    if places:
        rows = [(place.vocabulary, place.role, place.words, place.sense) for place in places]
        head = ("shipped vocabulary", "as", "words", "the benchmark's name")
        _say(tabulate(rows, head, disable_numparse=True))
    else:
        near = ", ".join(near_words(word))
        _say(f"No shipped vocabulary has it{f'; nearly so spelt: {near}' if near else ''}.")
    found = sentences_of(word, sets)
    for name, sentences in found:
        listed = "\n".join(f"  {sentence}" for sentence in sentences)
        _say(f"\n{_count(len(sentences), 'description', 'descriptions')} of {name}:\n{listed}")
    if not found:
        names = " or ".join(sets) or "any set"
        _say(f"\nNo descriptions in {names}: it uses the templates.")
    return OK


def list_missing(args: argparse.Namespace) -> int:
    """Words alone on their lines for use in scripts, their number on stderr; 1 if there are any."""
    vocabulary = load_vocabulary(args.vocabulary)
    words = vocabulary.words[0 if args.background else vocabulary.num_background :]
    descriptions = load_descriptions(args.descriptions)
    missing = descriptions.missing(words)
    for word in missing:
        _say(word)
    total = len(dict.fromkeys(words))
    sys.stderr.write(
        f"{vocabulary.name}: {len(missing)} of {_count(total, 'word', 'words')} without "
        f"descriptions in {args.descriptions}.\n"
    )
    return FAILED if missing else OK


def show_numbers(args: argparse.Namespace) -> int:
    """A row for each vocabulary."""
    sets = _descriptions(args.descriptions)
    names = args.vocabularies or shipped_vocabularies()
    rows = [numbers_of(load_vocabulary(name), tuple(sets.values())) for name in names]
    _say(tabulate(rows, HEAD, colalign=("left", *["right"] * (len(HEAD) - 1))))
    described = " or ".join(sets) or "nothing"
    _say(f"\nDescribed: words of classes, by {described}.")
    return OK


def _descriptions(names: Sequence[str] | None) -> dict[str, Descriptions]:
    return {name: load_descriptions(name) for name in names or shipped_descriptions()}


def _count(number: int, one: str, more: str) -> str:
    return f"{number} {one if number == 1 else more}"


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")


@contextmanager
def _no_warnings() -> Iterator[None]:
    """What `check` lists is not said beside it, too."""
    logger = logging.getLogger("freecp_d2.text")
    before = logger.level
    logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        logger.setLevel(before)


def main(argv: Sequence[str] | None = None) -> int:
    """Run a verb; returns the exit code."""
    args = build_parser().parse_args(argv)
    try:
        with _no_warnings():
            code = args.run(args)
            sys.stdout.flush()
            return code
    except BrokenPipeError:  # who reads, such as `head`, has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # for the flush at the end
        return OK
    except (OSError, ValueError) as error:
        sys.stderr.write(f"{error}\n")
        return FAILED
