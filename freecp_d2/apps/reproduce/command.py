"""
A table of the paper, made again: every cell by `train_net.py`, beside the printed number.

    python tools/reproduce.py --table 2 --num-gpus 8
    python tools/reproduce.py --table 3 --benchmarks storybook

Kill it when you like: the same command goes on where it was. Writes `table<N>.md`, `.csv`, `.json`
and `.png` to `--output`, again after every run.
"""

import argparse
import logging
import shlex
import sys
import textwrap
import time
from collections.abc import Sequence
from pathlib import Path

from ...engine import (
    add_import_argument,
    check_num_processes,
    check_run,
    import_plugins,
)
from ...engine.config_files import configs_dir
from . import (
    BENCHMARKS,
    METHODS,
    SOURCES,
    Grid,
    Layout,
    Request,
    Run,
    command_line,
    execute,
    gist,
    lay_out,
    lay_out_states,
    plan_grid,
    read_outcomes,
    read_record,
    write_files,
)

REPO = configs_dir().parent
USER_ERRORS = (ValueError, KeyError, OSError, ImportError)
WIDTH = 100


def build_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        description=(__doc__ or "").split("\n")[1],
        epilog="KEY VALUE pairs at the end hold for every run: MODEL.PRECISION fp16. Runs that are "
        "done, in --output, are not made again, whichever table they were made for.",
    )
    add = parser.add_argument
    add("--table", type=int, required=True, choices=range(1, 7), help="of the paper")
    add(
        "--benchmarks",
        nargs="+",
        default=["all"],
        metavar="NAME",
        help=f"{', '.join(BENCHMARKS)}, or all (default): those of the table whose data are found",
    )
    add("--methods", nargs="+", metavar="NAME", help=f"of Tab. 2 and 4: {', '.join(METHODS)}")
    add("--limit", type=int, default=0, metavar="N", help="N images of a benchmark, evenly spread")
    add("--num-gpus", type=int, default=1, metavar="N", help="processes of a run (CPU: the same)")
    add("--output", type=Path, default=Path("output/reproduce"), help="folder of runs and tables")
    add(
        "--descriptions",
        nargs="+",
        default=[],
        metavar="WHOSE=PATH",
        help="vicuna=PATH, gpt=PATH: JSON files of descriptions (Tab. 4; all tables use Vicuna's); "
        "{benchmark} in PATH stands for the benchmark's name",
    )
    add_import_argument(parser)
    add("--list", action="store_true", help="show what is done and what is not, and run nothing")
    add("opts", nargs="*", metavar="KEY VALUE", help="config options for every run")
    return parser


def parse(argv: Sequence[str]) -> argparse.Namespace:
    """Options of several words end where KEY VALUE pairs begin."""
    args = build_parser().parse_args(argv)
    for words in (args.benchmarks, args.methods or [], args.descriptions):
        start = next((i for i, word in enumerate(words) if word.isupper()), len(words))
        args.opts += words[start:]
        del words[start:]
    return args


def read_request(args: argparse.Namespace) -> Request:
    """
    Raises:
        ValueError: a name that does not exist, or a number out of its range.
    """
    benchmarks = () if args.benchmarks in ([], ["all"]) else tuple(dict.fromkeys(args.benchmarks))
    check_names("--benchmarks", benchmarks, [*BENCHMARKS, "all, by itself"])
    check_names("--methods", args.methods or (), list(METHODS))
    if args.methods and args.table not in (2, 4):
        raise ValueError(f"--methods chooses in Tab. 2 and 4; Tab. {args.table} is SCLIP's.")
    if args.limit < 0:
        raise ValueError(f"--limit {args.limit} takes no images; use 1 or more, or leave it out.")
    check_num_processes(args.num_gpus)
    sources = dict(word.partition("=")[::2] for word in args.descriptions)
    check_names("--descriptions", sources, [source for source in SOURCES if source != "template"])
    for source, path in sources.items():
        if not path:
            raise ValueError(f"--descriptions {source} names no file; write {source}=PATH.")
    return Request(
        table=args.table,
        root=REPO,
        output=args.output,
        benchmarks=benchmarks,
        methods=tuple(args.methods or METHODS),
        limit=args.limit,
        sources={key: str(Path(path).expanduser()) for key, path in sources.items()},
        opts=tuple(args.opts),
        imports=tuple(args.imports),
    )


def check_names(option: str, names: Sequence[str] | dict, known: Sequence[str]) -> None:
    """
    Raises:
        ValueError: one of `names` is not known.
    """
    unknown = [name for name in names if name not in known]
    if unknown:
        raise ValueError(f"{option}: no {', '.join(unknown)}; use {', '.join(known)}.")


def check_pending(grid: Grid) -> list[Run]:
    """Runs that are still to be made; a cell whose run cannot be made gets the reason."""
    pending = []
    for run in grid.runs():
        if read_record(run) is not None:
            continue
        try:
            check_run(run.cfg)
            pending.append(run)
        except USER_ERRORS as error:
            reason = error.args[0] if isinstance(error, KeyError) and error.args else error
            for cell in list(grid.cells_of(run)):
                cell.run, cell.reason = None, str(reason)
    return pending


def make(run: Run, number: str, num_gpus: int) -> str:
    """One run, with a line on the terminal; returns why it failed, or ""."""
    start = time.time()
    is_terminal = sys.stdout.isatty()
    if not is_terminal:
        print(f"{number} {run.name} ...", flush=True)

    def progress(stage: str) -> None:
        if is_terminal:
            line = f"{number} {run.name}: {time.time() - start:.0f} s, {stage}"
            print(f"\r\033[K{line[:WIDTH]}", end="", flush=True)

    failure = execute(run, REPO, num_gpus, progress)
    head = f"\r\033[K{number} {run.name}: " if is_terminal else "    "
    print(f"{head}{'failed' if failure else 'done'}, {time.time() - start:.0f} s", flush=True)
    if failure:
        print(textwrap.indent(failure, "    "), flush=True)
    return failure


def wrap(text: str) -> str:
    """In lines that fit; addresses and paths stay whole."""
    return textwrap.fill(
        text, WIDTH, break_long_words=False, break_on_hyphens=False, subsequent_indent="    "
    )


def print_layout(layout: Layout) -> None:
    """The table, and what is to be said about it in lines that fit."""
    print(f"\n{layout.title}\n\n{layout.terminal()}" + ("\n" if layout.remarks else ""))
    for remark in layout.remarks:
        first, *rest = remark.splitlines()
        print(wrap(first))
        print("".join(f"    {line}\n" for line in rest), end="")


def reproduce(args: argparse.Namespace, command: str) -> int:
    """The exit code: 0 if every run that can be made is done."""
    import_plugins(args.imports)
    grid = plan_grid(read_request(args))
    if not grid.columns:
        reasons = "".join(f"\n{title}: {gist(text)}" for title, text in grid.left_out.items())
        raise FileNotFoundError(
            f"no benchmark of Tab. {args.table} can be evaluated here.{reasons}\n"
            "datasets/README.md says where to get them; --benchmarks storybook needs no data."
        )
    if args.list:
        print_layout(lay_out_states(grid, read_outcomes(grid)))
        todo = [run for run in grid.runs() if read_record(run) is None]
        print(f"\n{len(grid.runs()) - len(todo)} of {len(grid.runs())} runs are done.", end="")
        print(" To run:\n" if todo else "\n")
        print("".join(f"  {command_line(run, REPO, args.num_gpus)}\n" for run in todo), end="")
        return 0
    print(f"Checking {len(grid.runs())} runs ...", flush=True)
    pending = check_pending(grid)
    print(f"{len(grid.runs()) - len(pending)} are done, {len(pending)} to run.", flush=True)
    args.output.mkdir(parents=True, exist_ok=True)
    failures: dict[str, str] = {}
    facts = {"root": REPO, "command": command, "num_gpus": args.num_gpus}
    written = write_files(args.output, grid, read_outcomes(grid), **facts)
    for i, run in enumerate(pending, start=1):
        failure = make(run, f"[{i}/{len(pending)}]", args.num_gpus)
        if failure:
            failures[run.name] = failure
        written = write_files(args.output, grid, read_outcomes(grid, failures), **facts)
    print_layout(lay_out(grid, read_outcomes(grid, failures)))
    print(f"\nFiles: {', '.join(str(path) for path in written)}")
    return 1 if failures or not grid.runs() else 0


def main(argv: Sequence[str] | None = None) -> int:
    words = list(sys.argv[1:] if argv is None else argv)
    args = parse(words)
    command = shlex.join(["python", "tools/reproduce.py", *words])
    try:
        return reproduce(args, command)
    except USER_ERRORS as error:
        message = error.args[0] if isinstance(error, KeyError) and error.args else error
        print(f"reproduce.py: error: {message}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("\nInterrupted; the same command goes on from here.", file=sys.stderr)
        return 130


if __name__ == "__main__":
    logging.getLogger("freecp_d2").setLevel(logging.ERROR)  # the runs log their warnings themselves
    sys.exit(main())
