"""
Write descriptions for the words of a vocabulary that have none, with a language model.

    freecp describe --vocabulary words.txt --output words.json --local
    freecp describe --vocabulary ade20k --output words.json --endpoint http://localhost:8000/v1 --model NAME
    freecp describe --vocabulary "cat, kitten; dog" --output words.json --answers answers.jsonl

3 instructions x 5 answers = 15 sentences a word (Sec. 4.2). After a kill, the same command resumes.
Then set MODEL.TEXT.DESCRIPTIONS to words.json.
"""  # noqa: E501

import argparse
import json
import os
import sys
from collections.abc import Sequence
from contextlib import ExitStack, closing
from pathlib import Path

from tqdm import tqdm

from ...text import Descriptions, load_descriptions, load_vocabulary
from ...utils.files import write_whole
from ..options import print_error
from .answers import AnswersFile
from .collection import Collection, Source, amount, describe, outcome
from .endpoint import Endpoint
from .journal import Journal, journal_path, read_journal
from .output import Output
from .questions import INSTRUCTIONS, VICUNA, Senses, read_instructions


def build_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[1])
    add = parser.add_argument
    add("--vocabulary", required=True, help='shipped name, path, or words: "cat, kitten; dog"')
    add("--output", type=Path, required=True, help="JSON; words that it has are kept")
    add("--descriptions", help="shipped name or path; words of this set are copied")
    who = parser.add_mutually_exclusive_group(required=True)
    who.add_argument("--endpoint", help="URL of an OpenAI-compatible server: http://host:port/v1")
    who.add_argument(
        "--local", nargs="?", const=VICUNA, help=f"transformers model; default: {VICUNA} (paper)"
    )
    who.add_argument("--answers", type=Path, help="JSON or JSONL of answers made elsewhere")
    who.add_argument("--questions", type=Path, help="write the prompts as JSONL, and stop")
    add("--model", default="", help="name at the endpoint; with --answers, for the provenance")
    add("--api-key-env", help="variable with the key; default: OPENAI_API_KEY if that is set")
    add("--concurrency", type=int, default=8, help="questions at a time (endpoint)")
    add("--timeout", type=float, default=120.0, help="seconds for an answer (endpoint)")
    add("--temperature", type=float, help="default: the server's own; 0.7 for a local model")
    add("--batch-size", type=int, default=8, help="questions at a time (local)")
    add("--max-new-tokens", type=int, default=400, help="of an answer (local)")
    add("--device", default="", help="cuda, cpu, ...; default: a GPU if there is one (local)")
    add("--attempts", type=int, default=4, help="how often to ask for missing sentences")
    add("--instructions", type=Path, help="text, one a line, with {word}; default: three")
    add("--context", default="", help="what the images show; default: the other classes")
    add("--licence", default="", help="of the sentences, for the provenance")
    add("--dry-run", action="store_true", help="print how much would be asked, and stop")
    return parser


def build_source(args: argparse.Namespace, num_instructions: int) -> Source | None:
    """Check the options and build what answers; None for `--questions`."""
    if args.output.is_dir():
        raise ValueError(f"got the folder {args.output}, expected a file; correct --output.")
    if args.questions and args.questions.resolve() == args.output.resolve():
        raise ValueError(f"got {args.output} for --output and --questions; use two files.")
    if args.attempts < 1:
        raise ValueError(f"got --attempts {args.attempts}, expected at least 1; correct it.")
    if args.questions:
        return None
    if args.local:
        if args.model:
            raise ValueError(f"got --model and --local; write --local {args.model}.")
        from .local_model import LocalModel  # imports torch

        return LocalModel(
            args.local,
            device=args.device,
            batch_size=args.batch_size,
            max_new_tokens=args.max_new_tokens,
            temperature=0.7 if args.temperature is None else args.temperature,
        )
    if args.answers:
        return AnswersFile(args.answers, args.model, num_instructions)
    key = os.environ.get(args.api_key_env or "OPENAI_API_KEY", "").strip()
    if args.api_key_env and not key:
        raise ValueError(f"got no key in {args.api_key_env}; set it, or omit --api-key-env.")
    return Endpoint(
        args.endpoint,
        args.model,
        key,
        concurrency=args.concurrency,
        timeout=args.timeout,
        options={} if args.temperature is None else {"temperature": args.temperature},
    )


def prepare(
    args: argparse.Namespace, instructions: Sequence[str], source: Source | None, stack: ExitStack
) -> tuple[Journal | None, Output]:
    """Read the files of the options; the journal, if any, is locked until the stack is closed."""
    vocabulary = load_vocabulary(args.vocabulary)
    senses = Senses(vocabulary, args.context)
    given = load_descriptions(args.descriptions) if args.descriptions else Descriptions()
    path, journal = journal_path(args.output), None
    if source is not None and not args.dry_run:
        journal = stack.enter_context(closing(Journal(path)))
    entries = journal.entries if journal else read_journal(path)
    return journal, Output(args.output, vocabulary, instructions, senses, given, entries)


def write_questions(path: Path, collection: Collection) -> None:
    """Write the prompts as JSONL, in the format of `--answers` without the answers."""
    records = [
        {"word": each.word, "instruction": each.number + 1, "prompt": each.prompt}
        for each in collection.questions()
    ]
    lines = [json.dumps(record, ensure_ascii=False) + "\n" for record in records]
    write_whole(path, "".join(lines).encode())
    print(f"{len(records)} questions are in {path}; give the answers with --answers.")


def ask(args: argparse.Namespace, journal: Journal, output: Output, source: Source) -> int:
    """Ask, and write what is complete, also after an error; the exit code."""
    collection, has_failed = output.collection, False
    total = collection.num_missing
    try:
        with tqdm(total=total, unit=" sentences", disable=None if total else True) as bar:
            for entry in describe(collection, source, journal, args.attempts):
                bar.update(len(entry.sentences))
    except (OSError, ImportError) as error:
        has_failed = True
        print_error(error)
    finally:
        described = output.write(f"freecp describe, {source.origin}", args.licence)
        has = f"Words in {args.output}: {len(described)}." if described else ""
        print(*filter(None, (outcome(collection), has)), sep="\n")
    entries = read_journal(journal_path(args.output))
    journal.close(remove=all(entry.word in described for entry in entries))
    return 1 if collection.num_missing or has_failed else 0


def run(args: argparse.Namespace) -> int:
    """Do what the options say; the exit code."""
    texts = read_instructions(args.instructions) if args.instructions else INSTRUCTIONS
    source = build_source(args, len(texts))
    with ExitStack() as stack:
        journal, output = prepare(args, texts, source, stack)
        print(amount(output.collection, output.num_described), flush=True)
        if args.questions and not args.dry_run:
            write_questions(args.questions, output.collection)
        return ask(args, journal, output, source) if source and journal else 0


def main(argv: Sequence[str] | None = None) -> int:
    """The exit code: 0 if every word is described, 1 if not, 2 for a wrong option or file."""
    args = build_parser().parse_args(argv)
    try:
        return run(args)
    except (ValueError, OSError) as error:
        print_error(error)
        return 2
    except KeyboardInterrupt:
        print("\nInterrupted; the same command resumes.", file=sys.stderr)
        return 130
