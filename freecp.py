"""
Start of the command `freecp` and of every script: Ctrl-C ends it with one line and exit code 130.

This module imports nothing of the package, because `import freecp_d2` imports torch, which takes
seconds in which Ctrl-C would print a stack trace from the middle of torch. Commands that need no
model skip that import, and so does a mistyped one.
"""

import os
import signal
import sys
from collections.abc import Callable
from importlib import import_module
from importlib.util import find_spec, module_from_spec
from typing import Any, NoReturn

INTERRUPTED = 130
_WITH_MODEL = (
    *("segment", "web", "evaluate", "reproduce", "calibrate", "data", "label-studio"),
    *("export-onnx", "quickstart"),
)
_MESSAGE = b"\nInterrupted.\n"


def exit_on_interrupt() -> None:
    """
    From now on end the process at Ctrl-C without unwinding, for use while modules are imported.

    No effect where Ctrl-C is ignored, as in `nohup` and in the background of a script.
    """
    if signal.getsignal(signal.SIGINT) is not signal.SIG_IGN:
        signal.signal(signal.SIGINT, _exit)


def call(main: Callable[..., Any], *args: Any) -> NoReturn:
    """Exit with the result of `main(*args)`, after Ctrl-C with 130."""
    try:
        if signal.getsignal(signal.SIGINT) is _exit:
            signal.signal(signal.SIGINT, signal.default_int_handler)
        result = main(*args)
        code = result if isinstance(result, int) else 0
    except KeyboardInterrupt:
        code = INTERRUPTED
        os.write(2, _MESSAGE)
    finally:
        if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
            signal.signal(signal.SIGINT, signal.SIG_IGN)  # a second Ctrl-C while Python shuts down
    sys.exit(code)


def run(module: str, function: str = "main", *args: Any) -> NoReturn:
    """Import a function by the names of its module and itself, and `call` it."""
    exit_on_interrupt()
    main = getattr(import_module(module), function)
    import_module("freecp_d2.utils.processes").keep_freed_memory()
    call(main, *args)


def skip_package_init() -> None:
    """
    Let modules of `freecp_d2` be imported without its `__init__`, which registers models and data
    and therefore imports torch.
    """
    spec = find_spec("freecp_d2")
    if spec is not None and "freecp_d2" not in sys.modules:
        sys.modules["freecp_d2"] = module_from_spec(spec)


def main() -> NoReturn:
    """The command `freecp`."""
    if not sys.argv[1:] or sys.argv[1] not in _WITH_MODEL:
        skip_package_init()
    run("freecp_d2.apps.cli")


def _exit(number: int, frame: Any) -> NoReturn:
    os.write(2, _MESSAGE)
    os._exit(INTERRUPTED)


if __name__ == "__main__":
    main()
