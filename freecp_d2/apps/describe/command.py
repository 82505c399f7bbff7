"""
Descriptions for the words of a vocabulary that have none, by a language model.

    python tools/describe.py --vocabulary words.txt --output words.json --local
    python tools/describe.py --vocabulary ade20k --output words.json --endpoint http://localhost:8000/v1 --model NAME
    python tools/describe.py --vocabulary "cat, kitten; dog" --output words.json --answers answers.jsonl

3 instructions x 5 answers = 15 sentences a word (Sec. 4.2). Kill it when you like: the same command
goes on where it was. Then MODEL.TEXT.DESCRIPTIONS is words.json.
"""  # noqa: E501

import argparse
import json
import os
import sys
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from tqdm import tqdm

from ...text import Descriptions, load_descriptions, load_vocabulary
from ...text.descriptions import description_key
from ...utils.files import write_whole
from . import (
    INSTRUCTIONS,
    VICUNA,
    AnswersFile,
    Collection,
    Endpoint,
    Entry,
    Job,
    Journal,
    LocalModel,
    Politeness,
    Senses,
    Source,
    amount,
    describe,
    journal_path,
    outcome,
    read_instructions,
    read_journal,
    read_meanings,
)

SOURCE_ERRORS = (OSError, ImportError)
USER_ERRORS = (ValueError, KeyError, *SOURCE_ERRORS)


def build_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[1])
    add = parser.add_argument
    add("--vocabulary", required=True, help='shipped name, path, or words: "cat, kitten; dog"')
    add("--output", type=Path, required=True, help="JSON; words that it has are kept and free")
    add("--descriptions", help="words of this set, a shipped name or a path, are copied and free")
    who = parser.add_mutually_exclusive_group(required=True)
    who.add_argument("--endpoint", help="of any OpenAI-compatible server: http://host:port/v1")
    who.add_argument(
        "--local", nargs="?", const=VICUNA, help=f"transformers model; {VICUNA}, as the paper"
    )
    who.add_argument("--answers", type=Path, help="JSON or JSONL of answers made elsewhere")
    who.add_argument("--questions", type=Path, help="ask nobody: write them as JSONL, and stop")
    add("--model", default="", help="name at the endpoint; of --answers: for the provenance")
    add("--api-key-env", help="variable with the key; OPENAI_API_KEY if that is set")
    add("--concurrency", type=int, default=8, help="questions at a time (endpoint)")
    add("--retries", type=int, default=5, help="of one question, after 1, 2, 4 ... s (endpoint)")
    add("--timeout", type=float, default=120.0, help="seconds for an answer (endpoint)")
    add("--temperature", type=float, help="the server's own; 0.7 for a local model")
    add("--batch-size", type=int, default=8, help="questions at a time (local)")
    add("--max-new-tokens", type=int, default=400, help="of an answer (local)")
    add("--device", default="", help="cuda, cpu, ...; a GPU if there is one (local)")
    add("--attempts", type=int, default=4, help="how often what is missing is asked for")
    add("--instructions", type=Path, help="text, one a line, with {word}; default: three")
    add("--context", default="", help="what the photos show; default: the other classes tell it")
    add("--senses", type=Path, help="text, one a line: `crane: a machine that lifts loads`")
    add("--background", action="store_true", help="background words, too; Eq. (8) has none")
    add("--licence", default="", help="of the sentences, for the provenance")
    add("--prices", type=float, nargs=2, metavar=("IN", "OUT"), help="per million tokens")
    add("--dry-run", action="store_true", help="say what would be asked, and stop")
    return parser


def build_source(args: argparse.Namespace) -> Source:
    """
    Raises:
        ValueError, FileNotFoundError: the options do not fit together.
    """
    if args.attempts < 1:
        raise ValueError(f"got --attempts {args.attempts}, expected at least 1; correct it.")
    if args.local and args.model:
        raise ValueError(
            f"got --model {args.model} beside --local {args.local}; write --local {args.model}."
        )
    if args.local:
        numbers = {"batch_size": args.batch_size, "max_new_tokens": args.max_new_tokens}
        temperature = 0.7 if args.temperature is None else args.temperature
        return LocalModel(args.local, device=args.device, temperature=temperature, **numbers)
    if args.answers:
        instructions = read_instructions(args.instructions) if args.instructions else INSTRUCTIONS
        return AnswersFile(args.answers, args.model, instructions)
    variable = args.api_key_env or "OPENAI_API_KEY"
    key = os.environ.get(variable, "").strip()
    if args.api_key_env and not key:
        raise ValueError(
            f"got no key in {variable}, expected one; set it, or leave the option out."
        )
    options: dict[str, Any] = {}
    if args.temperature is not None:
        options["temperature"] = args.temperature
    politeness = Politeness(args.concurrency, args.retries, timeout=args.timeout)
    return Endpoint(args.endpoint, args.model, key, politeness=politeness, options=options)


def origin(args: argparse.Namespace) -> str:
    """Where new sentences come from, for the provenance; without what may be secret."""
    if args.answers:
        return f"tools/describe.py, answers of {args.answers.name}"
    if args.local:
        return "tools/describe.py, on this machine"
    parts = urlsplit(args.endpoint)
    return f"tools/describe.py, {parts.scheme}://{parts.netloc}{parts.path}"


def plan(args: argparse.Namespace) -> Callable[[Sequence[Entry]], Job]:
    """
    Read all that the options name; what they ask for is clear once the journal's entries are there.

    Raises:
        ValueError, FileNotFoundError: what they name is not there, or not in its format.
    """
    if args.output.is_dir():
        raise ValueError(f"got the folder {args.output}, expected a file; correct --output.")
    if args.questions and args.questions.resolve() == args.output.resolve():
        raise ValueError(
            f"got {args.output} for --output and for --questions, which would replace it; give the "
            "questions a file of their own."
        )
    vocabulary = load_vocabulary(args.vocabulary)
    instructions = read_instructions(args.instructions) if args.instructions else INSTRUCTIONS
    meanings = read_meanings(args.senses) if args.senses else {}
    known = {description_key(word) for word in vocabulary.words}
    for word in meanings:
        if description_key(word) not in known:
            print(f"note: {args.senses} has {word!r}, which is not in the vocabulary.")
    senses = Senses(vocabulary, args.context, meanings)
    given = load_descriptions(args.descriptions) if args.descriptions else Descriptions()
    return lambda entries: Job(
        *(args.output, vocabulary, instructions, senses, given, entries), background=args.background
    )


def fill(args: argparse.Namespace) -> int:
    """The exit code: 0 if every word is described."""
    start = plan(args)
    source = None if args.questions else build_source(args)
    if args.dry_run or source is None:
        job = start(read_journal(journal_path(args.output)))
        print(amount(job.collection, job.num_described, args.prices))
        if source is None and not args.dry_run:
            write_questions(args.questions, job.collection)
        return 0
    with closing(Journal(journal_path(args.output))) as journal:
        job = start(journal.entries)  # only now: another process may just have written the output
        print(amount(job.collection, job.num_described, args.prices), flush=True)
        try:
            has_failed = ask(job.collection, source, journal, args.attempts)
        finally:
            described = job.write(origin(args), args.licence)
            has = f"Words in {args.output}: {len(described)}." if described else ""
            print(*filter(None, (outcome(job.collection), has)), sep="\n")
        kept = all(entry.word in described for entry in read_journal(journal.path))
        journal.close(remove=kept)
    return 1 if job.collection.num_missing or has_failed else 0


def write_questions(path: Path, collection: Collection) -> None:
    records = [
        {"word": each.word, "instruction": each.number + 1, "prompt": each.prompt}
        for each in collection.questions()
    ]
    text = "".join(json.dumps(record, ensure_ascii=False) + "\n" for record in records)
    try:
        write_whole(path, text.encode())
    except OSError as error:
        raise OSError(f"Cannot write {path}: {error.strerror}; correct --questions.") from error
    print(f"{len(records)} questions are in {path}; give the answers with --answers.")


def ask(collection: Collection, source: Source, journal: Journal, attempts: int) -> bool:
    """
    Fill the collection, with a bar of the sentences that are there; true if it had to stop.

    Raises:
        RuntimeError: what no option mends.
    """
    total, has_failed = collection.num_missing, False
    with tqdm(total=total, unit=" sentences", disable=None if total else True) as bar:

        def show(entry: Entry) -> None:
            bar.update(len(entry.sentences))

        try:
            describe(collection, source, journal, attempts, show)
        except SOURCE_ERRORS as error:
            has_failed = True
            print(f"describe.py: error: {error}", file=sys.stderr)
        except USER_ERRORS as error:  # so late the user has no part in it: `main` must not say so
            raise RuntimeError(
                f"got {error!r} while describing words, expected none; this is a mistake of "
                "describe.py, not yours: please report it with the lines above."
            ) from error
    if isinstance(source, Endpoint) and source.num_requests:
        there, back = source.num_tokens
        print(f"{source.num_requests} requests; the server counted {there} + {back} tokens.")
    return has_failed


def main(argv: Sequence[str] | None = None) -> int:
    args = build_parser().parse_args(argv)
    try:
        return fill(args)
    except USER_ERRORS as error:
        message = error.args[0] if isinstance(error, KeyError) and error.args else error
        print(f"describe.py: error: {message}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("\nInterrupted; the same command goes on from here.", file=sys.stderr)
        return 130
