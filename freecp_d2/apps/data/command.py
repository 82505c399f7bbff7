"""The command `freecp data`: prepare or verify the files of the benchmarks."""

import importlib
import sys
from collections.abc import Sequence

PREPARED = ("ade20k", "cityscapes", "coco_object", "coco_stuff", "pascal_context")
"""Benchmarks whose annotations a module `prepare_<name>` of this folder converts."""

USAGE = f"""usage: freecp data verify [NAME ...] [options]
       freecp data prepare NAME [options]

  verify    decode every image and label of the benchmarks, and list what is wrong
  prepare   convert the annotations of one of: {", ".join(PREPARED)}

freecp data verify --help and freecp data prepare NAME --help list the options."""


def main(argv: Sequence[str] | None = None) -> int:
    """The exit status; 2 if the command line names nothing that can be done."""
    action, *rest = (sys.argv[1:] if argv is None else argv) or ["--help"]
    if action == "verify":
        name = "verify"
    elif action == "prepare" and rest and rest[0] in PREPARED:
        name = f"prepare_{rest.pop(0)}"
    else:
        is_help = action in ("-h", "--help") or rest[:1] in (["-h"], ["--help"])
        print(USAGE, file=sys.stdout if is_help else sys.stderr)
        return 0 if is_help else 2
    sys.argv[0] = f"freecp data {name.replace('_', ' ', 1)}"
    return importlib.import_module(f"{__package__}.{name}").main(rest)
