"""
The command `freecp`: one sub-command for everything that runs from a command line.

Only the module of the sub-command that is called is imported, so that `freecp --help` is quick.
"""

import difflib
import importlib
import sys
from collections.abc import Sequence

from ..version import __version__

COMMANDS = {
    "segment": ("segment.command", "label images and videos with words of your own"),
    "web": ("web.command", "the same in a browser, a base method beside FreeCP"),
    "evaluate": ("evaluate", "evaluate a config on its benchmark, as train_net.py"),
    "reproduce": ("reproduce.command", "run the paper's tables and print them beside its numbers"),
    "calibrate": ("calibrate", "choose the two thresholds on a labelled part of a dataset"),
    "data": ("data.command", "prepare or verify the files of the benchmarks, verify your own"),
    "words": ("words.command", "check a vocabulary, show what is known of a word"),
    "describe": ("describe.command", "write descriptions of words with a language model"),
    "weights": ("weights", "list, fetch, verify and locate pretrained weights"),
    "label-studio": ("label_studio", "predictions for a project of Label Studio"),
    "export-onnx": ("export_onnx", "export the image tower of a base method as ONNX"),
    "quickstart": ("quickstart", "run the embedded benchmark: tables and a gallery"),
}
"""Sub-command -> (module of `freecp_d2.apps` whose `main(argv)` it is, one line of help)."""


def usage() -> str:
    """The text of `freecp --help`."""
    lines = "".join(f"  {name:<14}{text}\n" for name, (_, text) in COMMANDS.items())
    return (
        "usage: freecp COMMAND [options]\n\nFreeCP: open-vocabulary segmentation without training."
        f"\n\n{lines}\nfreecp COMMAND --help lists the options of a command."
    )


def main(argv: Sequence[str] | None = None) -> int | None:
    """Run one sub-command; returns its exit status, 2 for an unknown one."""
    name, *rest = (sys.argv[1:] if argv is None else argv) or ["--help"]
    if name in ("-h", "--help", "help"):
        print(usage())
        return 0
    if name == "--version":
        print(f"freecp_d2 {__version__}")
        return 0
    if name not in COMMANDS:
        near = difflib.get_close_matches(name, COMMANDS, n=1)
        hint = f"did you mean {near[0]!r}?" if near else f"use one of {', '.join(COMMANDS)}."
        print(f"freecp: error: got the command {name!r}; {hint}", file=sys.stderr)
        return 2
    sys.argv[0] = f"freecp {name}"  # the program's name in the usage of its parser
    module = importlib.import_module(f"{__package__}.{COMMANDS[name][0]}")
    return module.main(rest)
