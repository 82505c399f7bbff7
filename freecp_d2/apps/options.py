"""Options of several sub-commands, and how they print the errors of their users."""

import argparse
import sys
from pathlib import Path

from ..utils.errors import message_of

CONFIG, EMBEDDED = "ade20k/sclip_freecp", "storybook/sclip_freecp"
"""The usual config, and that of the weights that ship with the package."""


def described_parser(text: str | None) -> argparse.ArgumentParser:
    """A parser whose help begins with `text`, such as a `__doc__`, with its line breaks."""
    return argparse.ArgumentParser(
        description=(text or "").strip(), formatter_class=argparse.RawDescriptionHelpFormatter
    )


def add_config_argument(parser: argparse.ArgumentParser, default: str | None = None) -> None:
    """Add `--config`, whose value is `args.config_file`; required without a default."""
    parser.add_argument(
        "--config",
        "--config-file",
        dest="config_file",
        default=default,
        required=default is None,
        metavar="NAME",
        help=f"a config of the package, such as {CONFIG}, or a YAML file"
        + (f"; default: {default}" if default else ""),
    )


def add_vocabulary_argument(parser: argparse.ArgumentParser, more: str) -> None:
    """Add `--vocabulary`; `more` ends its help."""
    words = (
        '"cat; dog, puppy; sofa" (synonyms by comma), a text file with one class a line, or a '
        f"shipped list's name; {more}"
    )
    parser.add_argument("--vocabulary", metavar="WORDS", help=words)


def add_device_argument(parser: argparse.ArgumentParser) -> None:
    """Add `--device`, see `device_opts`."""
    names = "cuda, cuda:1 or cpu; default: a GPU if there is one"
    parser.add_argument("--device", metavar="NAME", help=names)


def add_opts_argument(parser: argparse.ArgumentParser) -> None:
    """Add `--opts`, the last option: keys and values of the config in turn."""
    keys = "KEY VALUE ... of the config; last"
    parser.add_argument("--opts", nargs=argparse.REMAINDER, default=[], help=keys)


def device_opts(args: argparse.Namespace) -> list[str]:
    """`--device` as key and value of the config."""
    return ["MODEL.DEVICE", args.device] if args.device else []


def bands_opts(args: argparse.Namespace) -> list[str]:
    """`--bands` as key and value of the config."""
    from ..data.images.options import parse_bands  # imports torch, which some commands do not need

    bands = parse_bands(args.bands)
    return ["INPUT.BANDS", str(bands)] if bands else []


def print_error(error: Exception) -> None:
    """Print the message on the error output, after the command that the user typed."""
    print(f"{program_name()}: error: {message_of(error)}", file=sys.stderr)


def program_name() -> str:
    """The command that the user typed, such as "freecp segment" or "demo.py"."""
    return Path(sys.argv[0]).name
