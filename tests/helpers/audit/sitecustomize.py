"""Append every program that this process starts to the file $AUDIT_LOG, one line each."""

import os
import sys

_EVENTS = ("subprocess.Popen", "os.system", "os.exec", "os.posix_spawn", "os.spawn", "os.startfile")


def _note(event: str, arguments: tuple) -> None:
    if event in _EVENTS:
        with open(os.environ["AUDIT_LOG"], "a") as log:
            log.write(f"{event} {arguments[:2]!r}\n")


sys.addaudithook(_note)
