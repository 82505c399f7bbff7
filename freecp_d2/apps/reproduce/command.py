"""
Reproduce a table of the paper: run every cell, and print it beside the paper's number.

    freecp reproduce --table 2 --num-gpus 8
    freecp reproduce --table 3 --benchmarks storybook

It can be killed at any time; the same command continues. `table<N>.md`, `.csv`, `.json` and `.png`
are written to `--output` after every run.
"""

import argparse
import logging
import shlex
import sys
import textwrap
import time
from collections.abc import Sequence
from pathlib import Path

from ...engine import add_import_argument, check_num_processes, check_run, import_plugins
from ...engine.config_loading import configs_dir
from ...utils.errors import USER_ERRORS, message_of
from ..options import add_device_argument, device_opts, print_error
from .plan import Grid, Request, Run, plan_grid
from .results import read_results
from .runs import LOG_NAME, command_line, execute, read_record
from .tables import BASES, BENCHMARKS, METHODS, NUMBERS, SOURCES, read_table
from .writing import Layout, gist, lay_out, write_files


def build_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        description=(__doc__ or "").split("\n")[1],
        epilog="KEY VALUE pairs at the end are for every run: MODEL.PRECISION fp16. Finished runs "
        "in --output are not made again, also for another table.",
    )
    add = parser.add_argument
    add(
        "--table",
        type=lambda word: int(word) if word.isdigit() else word,
        required=True,
        choices=(*NUMBERS, BASES),
        help="of the paper; bases: further base methods, beside their published numbers",
    )
    names = f"{', '.join(BENCHMARKS)}, or all (default): all of the table whose data are found"
    add("--benchmarks", nargs="+", default=["all"], metavar="NAME", help=names)
    add("--methods", nargs="+", metavar="NAME", help=f"of Tab. 2 and 4: {', '.join(METHODS)}")
    add("--limit", type=int, default=0, metavar="N", help="N images per benchmark, evenly spread")
    processes = "processes of a run, one a GPU if there are any; 1"
    add("--num-gpus", type=int, default=1, metavar="N", help=processes)
    output = "folder of runs and tables; default: %(default)s"
    add("--output", type=Path, default=Path("output/reproduce"), metavar="DIR", help=output)
    files = (
        "vicuna=PATH, gpt=PATH: JSON files of descriptions (Tab. 4; all tables use Vicuna's); "
        "{benchmark} in PATH is replaced by the benchmark's name"
    )
    add("--descriptions", nargs="+", default=[], metavar="WHOSE=PATH", help=files)
    add_device_argument(parser)
    add_import_argument(parser)
    add("--list", action="store_true", help="list the finished and the open runs, and run nothing")
    add("opts", nargs="*", metavar="KEY VALUE", help="config options for every run")
    return parser


def parse(argv: Sequence[str]) -> argparse.Namespace:
    """Parse `argv`; an option of several words ends where KEY VALUE pairs begin."""
    args = build_parser().parse_args(argv)
    for words in (args.benchmarks, args.methods or [], args.descriptions):
        start = next((i for i, word in enumerate(words) if word.isupper()), len(words))
        args.opts += words[start:]
        del words[start:]
    return args


def read_request(args: argparse.Namespace) -> Request:
    """The request of the options; ValueError: an unknown name, or a number out of its range."""
    benchmarks = () if args.benchmarks in ([], ["all"]) else tuple(dict.fromkeys(args.benchmarks))
    check_names("--benchmarks", benchmarks, [*BENCHMARKS, "all, by itself"])
    check_names("--methods", args.methods or (), list(METHODS))
    if args.methods and args.table not in (2, 4):
        name = read_table(args.table).name
        raise ValueError(f"--methods chooses in Tab. 2 and 4; {name} has rows of its own.")
    if args.limit < 0:
        raise ValueError(f"--limit {args.limit} takes no images; use 1 or more, or leave it out.")
    check_num_processes(args.num_gpus, args.device)
    sources = dict(word.partition("=")[::2] for word in args.descriptions)
    check_names("--descriptions", sources, [source for source in SOURCES if source != "template"])
    for source, path in sources.items():
        if not path:
            raise ValueError(f"--descriptions {source} names no file; write {source}=PATH.")
    return Request(
        table=args.table,
        root=configs_dir().parent,
        output=args.output,
        benchmarks=benchmarks,
        methods=tuple(args.methods or METHODS),
        limit=args.limit,
        sources={key: str(Path(path).expanduser()) for key, path in sources.items()},
        opts=(*device_opts(args), *args.opts),
        imports=tuple(args.imports),
    )


def check_names(option: str, names: Sequence[str] | dict, known: Sequence[str]) -> None:
    """Raise ValueError if one of `names` is not known."""
    unknown = [name for name in names if name not in known]
    if unknown:
        raise ValueError(f"{option}: no {', '.join(unknown)}; use {', '.join(known)}.")


def check_pending(grid: Grid) -> list[Run]:
    """Runs that are still to be made; a cell whose run cannot be made gets the reason."""
    pending, clip = [], None  # most runs have the same CLIP
    for run in grid.runs():
        if read_record(run) is not None:
            continue
        try:
            clip = check_run(run.cfg, clip).clip
            pending.append(run)
        except USER_ERRORS as error:
            for cell in grid.cells_of(run):
                cell.run, cell.reason = None, message_of(error)
    return pending


def print_layout(layout: Layout) -> None:
    """Print a table and its remarks."""
    print(f"\n{layout.title}\n\n{layout.table()}\n", *layout.remarks, sep="\n")


def print_states(grid: Grid, root: Path, num_gpus: int) -> None:
    """Print the table, and the commands of the runs that are to be made."""
    print_layout(lay_out(grid, read_results(grid)))
    runs = grid.runs()
    todo = [run for run in runs if read_record(run) is None]
    end = " To run:" if todo else ""
    print(f"\n{len(runs) - len(todo)} of {len(runs)} runs are done.{end}\n")
    for run in todo:
        print(f"  {command_line(run, root, num_gpus)}")


def reproduce(args: argparse.Namespace, words: Sequence[str]) -> int:
    """The exit code: 0 if every possible run is done."""
    import_plugins(args.imports)
    request = read_request(args)
    grid = plan_grid(request)
    if not grid.columns:
        reasons = "".join(f"\n{title}: {gist(text)}" for title, text in grid.left_out.items())
        raise FileNotFoundError(
            f"no benchmark of {grid.table.name} can be evaluated here.{reasons}\n"
            "datasets/README.md says where to get them; --benchmarks storybook needs no data."
        )
    if args.list:
        print_states(grid, request.root, args.num_gpus)
        return 0
    print(f"Checking {len(grid.runs())} runs ...", flush=True)
    pending = check_pending(grid)
    print(f"{len(grid.runs()) - len(pending)} are done, {len(pending)} to run.", flush=True)
    args.output.mkdir(parents=True, exist_ok=True)
    command = f"freecp reproduce {shlex.join(words)}"
    failures: dict[str, str] = {}

    def write() -> list[Path]:
        results = read_results(grid, failures)
        return write_files(args.output, grid, results, request.root, command, args.num_gpus)

    written = write()
    for i, run in enumerate(pending, start=1):
        start, cell = time.time(), grid.cells_of(run)[0]
        log = run.folder / LOG_NAME
        print(f"[{i}/{len(pending)}] {cell.row.title}, {cell.column.title}: {log}", flush=True)
        failure = execute(run, request.root, args.num_gpus)
        print(f"    {'failed' if failure else 'done'}, {time.time() - start:.0f} s", flush=True)
        if failure:
            print(textwrap.indent(failure, "    "), flush=True)
            failures[run.digest] = failure
        written = write()
    print_layout(lay_out(grid, read_results(grid, failures)))
    print(f"\nFiles: {', '.join(str(path) for path in written)}")
    return 1 if failures or not grid.runs() else 0


def main(argv: Sequence[str] | None = None) -> int:
    words = list(sys.argv[1:] if argv is None else argv)
    args = parse(words)
    logger = logging.getLogger("freecp_d2")
    level = logger.level
    logger.setLevel(logging.ERROR)  # each run logs its own warnings
    try:
        return reproduce(args, words)
    except USER_ERRORS as error:
        print_error(error)
        return 2
    except KeyboardInterrupt:
        print("\nInterrupted; the same command continues.", file=sys.stderr)
        return 130
    finally:
        logger.setLevel(level)
