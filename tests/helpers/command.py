"""Run commands, in another process or in this one."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
CONFIG = "configs/ade20k/sclip_freecp.yaml"
_SMALL = """
MODEL.CLIP.ARCH custom MODEL.TEXT.TEMPLATES simple INPUT.MIN_SIZE_TEST 64
MODEL.SLIDING_WINDOW.SIZE 48 MODEL.SLIDING_WINDOW.STRIDE 24 DATALOADER.NUM_WORKERS 0
MODEL.PURIFICATION_HEAD.AMBIGUITY.CROP_SIZE 32
"""
AUTO_PORT = ("--dist-url", "auto")
"""Detectron2's own port is one for all runs of a user, and tests run side by side."""
SMALL = _SMALL.split()
"""Overrides for a tiny CLIP on tiny images."""


def run(*command: str, **environment: str) -> subprocess.CompletedProcess:
    """Run Python with `command` in the repository's folder."""
    env = os.environ | {"PYTHONWARNINGS": "ignore"} | environment
    return subprocess.run(
        [sys.executable, *command],
        cwd=ROOT,
        env=env,
        text=True,
        capture_output=True,
        timeout=300,
        check=False,
    )


def in_process(main, capsys):
    """`main` as a function of words that returns its exit code, stdout and stderr."""

    def call(*argv):
        code = main(argv)
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return call
