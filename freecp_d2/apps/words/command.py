"""
Words on the command line.

    freecp words check "cat, kitten; dog; remote control"
    freecp words show mouse
    freecp words missing words.txt --descriptions visual
    freecp words stats

A vocabulary is what MODEL.TEXT.VOCABULARY takes: a shipped list's name, a file, or the words.
"""

import argparse
import logging
import os
import sys
from collections.abc import Callable, Sequence

from tabulate import tabulate

from ...text import (
    Descriptions,
    load_descriptions,
    load_vocabulary,
    shipped_descriptions,
    shipped_vocabularies,
)
from ..options import print_error
from .lookup import HEAD, check_vocabulary, describe_tokens, find_places, near_words, numbers_of

OK, FAILED = 0, 1  # argparse uses 2 for a wrong command line


def build_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        description="Check words before an image is segmented with them.",
        epilog="Exit code: 0, or 1 if something is wrong, missing or cannot be read.",
    )
    verbs = parser.add_subparsers(dest="verb", required=True, metavar="VERB")

    def add(name: str, run: Callable, text: str, descriptions: str, **options):
        verb = verbs.add_parser(name, help=text, description=text)
        verb.set_defaults(run=run)
        text = f"shipped descriptions' name, or a JSON file; {descriptions}"
        verb.add_argument("--descriptions", metavar="NAME", help=text, **options)
        return verb

    takes = 'a shipped list\'s name, a file, or words: "cat, kitten; dog"'
    all_shipped = "default: all that ship with the package"
    check = add("check", check_words, "list the problems of a vocabulary", "report missing ones")
    check.add_argument("vocabulary", metavar="VOCABULARY", help=takes)
    show = add("show", show_word, "show what is known of a word", all_shipped, nargs="+")
    show.add_argument("word", metavar="WORD", help="any word; quote several: 'traffic light'")
    text = "list words without descriptions, one a line"
    missing = add("missing", list_missing, text, "where to look", required=True)
    missing.add_argument("vocabulary", metavar="VOCABULARY", help=takes)
    missing.add_argument(
        "--background", action="store_true", help="background words, too; Eq. (8) has none"
    )
    stats = add("stats", show_numbers, "show vocabularies in numbers", all_shipped, nargs="+")
    stats.add_argument(
        "vocabularies", nargs="*", metavar="VOCABULARY", help=f"{takes}; default: all shipped"
    )
    return parser


def check_words(args: argparse.Namespace) -> int:
    """Print problems and notes as a table; 1 if there are problems."""
    vocabulary = load_vocabulary(args.vocabulary)
    descriptions = load_descriptions(args.descriptions) if args.descriptions else None
    problems, notes = check_vocabulary(vocabulary, descriptions)
    rows = [("problem", each.where, each.text) for each in problems]
    rows += [("note", each.where, each.text) for each in notes]
    if rows:
        print(tabulate(rows, ("", "where", "what"), disable_numparse=True) + "\n")
    counts = (
        _count(vocabulary.num_classes, "class", "classes"),
        _count(len(vocabulary.words), "word"),
        f"{vocabulary.num_background} of them background",
    )
    found = f"{_count(len(problems), 'problem')}, {_count(len(notes), 'note')}"
    print(f"{vocabulary.name}: {', '.join(counts)}: {found}.")
    return FAILED if problems else OK


def show_word(args: argparse.Namespace) -> int:
    """Print tokens, vocabularies with senses, and descriptions."""
    word = args.word.strip()
    if not word:
        raise ValueError("got an empty word, expected one; write it after `show`.")
    sets = _descriptions(args.descriptions)  # before anything is printed: a name may be wrong
    print(f"{word}\n\n" + "\n".join(describe_tokens(word)) + "\n")
    if places := find_places(word):
        head = ("shipped vocabulary", "as", "words", "the benchmark's name")
        print(tabulate(places, head, disable_numparse=True))
    else:
        near = ", ".join(near_words(word))
        print(f"No shipped vocabulary has it{f'; similar words: {near}' if near else ''}.")
    found = {name: each.prompts(word, ()) for name, each in sets.items() if word in each}
    for name, sentences in found.items():
        listed = "\n".join(f"  {sentence}" for sentence in sentences)
        print(f"\n{_count(len(sentences), 'description')} of {name}:\n{listed}")
    if not found:
        print(f"\nNo descriptions in {' or '.join(sets) or 'any set'}: it uses the templates.")
    return OK


def list_missing(args: argparse.Namespace) -> int:
    """Print words one a line for scripts, and their number on stderr; 1 if there are any."""
    vocabulary = load_vocabulary(args.vocabulary)
    words = vocabulary.words[0 if args.background else vocabulary.num_background :]
    missing = load_descriptions(args.descriptions).missing(words)
    for word in missing:
        print(word)
    number = _count(len(set(words)), "word")
    print(
        f"{vocabulary.name}: {len(missing)} of {number} without descriptions in "
        f"{args.descriptions}.",
        file=sys.stderr,
    )
    return FAILED if missing else OK


def show_numbers(args: argparse.Namespace) -> int:
    """Print a row for each vocabulary."""
    sets = _descriptions(args.descriptions)
    names = args.vocabularies or shipped_vocabularies()
    rows = [numbers_of(load_vocabulary(name), tuple(sets.values())) for name in names]
    print(tabulate(rows, HEAD, colalign=("left", *["right"] * (len(HEAD) - 1))))
    print(f"\nDescribed: words of classes, by {' or '.join(sets) or 'nothing'}.")
    return OK


def _descriptions(names: Sequence[str] | None) -> dict[str, Descriptions]:
    return {name: load_descriptions(name) for name in names or shipped_descriptions()}


def _count(number: int, one: str, more: str = "") -> str:
    return f"{number} {one if number == 1 else more or f'{one}s'}"


def main(argv: Sequence[str] | None = None) -> int:
    """Run a verb; returns the exit code."""
    args = build_parser().parse_args(argv)
    logger = logging.getLogger("freecp_d2.text")
    before = logger.level
    logger.setLevel(logging.ERROR)  # `check` lists what would be warnings
    try:
        code = args.run(args)
        sys.stdout.flush()
        return code
    except BrokenPipeError:  # the reader, such as `head`, has ended
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # for the flush at exit
        return OK
    except (OSError, ValueError) as error:
        print_error(error)
        return FAILED
    finally:
        logger.setLevel(before)
