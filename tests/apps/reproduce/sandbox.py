"""A clone whose `train_net.py` writes files and evaluates nothing."""

import json
import os
from pathlib import Path

import portalocker

from freecp_d2.apps.reproduce.plan import Request
from freecp_d2.apps.reproduce.runs import execute
from freecp_d2.apps.reproduce.tables import METHODS
from tests.helpers.command import ROOT

_PROGRAM = '''
"""Writes the mIoU that `runs.json` has for a folder; "fail" fails, "sleep" does not end."""
import json, pathlib, sys, time
root = pathlib.Path(__file__).parent
opts = sys.argv[sys.argv.index("OUTPUT_DIR"):]
folder = pathlib.Path(opts[1])
run = json.loads((root / "runs.json").read_text())[folder.name]
with open(root / "calls.txt", "a") as file:
    file.write(folder.name + "\\n")
if run["does"] == "fail":
    print("a reason")
    sys.exit(3)
if run["does"] == "sleep":
    (folder / "results.json").unlink(missing_ok=True)
    time.sleep(60)
scores = {"mIoU": run["mIoU"], "mIoU_mmseg": run["mIoU"] - 1}
record = {
    "results": {run["dataset"]: {"sem_seg": scores}},
    "images": {run["dataset"]: {"evaluated": run["images"], "official": 150}},
    "seconds": {run["dataset"]: 1.5},
    "date": "2026-01-01",
    "vocabulary": {"name": "words", "sha256": run["vocabulary"]},
    "config_sha256": run["digest"],
    "environment": {"torch": "x"},
    "config": {"KEY": "value"},
}
(folder / "results.json").write_text(json.dumps(record))
'''


def make_sandbox(root: Path) -> Path:
    """Make a folder with the real `configs/` and the program above."""
    root.mkdir(exist_ok=True)
    os.symlink(ROOT / "configs", root / "configs")
    (root / "train_net.py").write_text(_PROGRAM)
    return root


def request(root: Path, table: int = 3, **changes) -> Request:
    """A request of a table on Storybook."""
    settings = {"benchmarks": ("storybook",), "methods": tuple(METHODS)} | changes
    return Request(table=table, root=root, output=root / "output", **settings)


def answer(root: Path, runs, does: dict[int, str] | None = None, images: int = 150) -> None:
    """Set what the program does for each run: 10, 11, 12, ... mIoU, or `does` by index."""
    answers = {
        run.folder.name: {
            "does": (does or {}).get(i, "write"),
            "mIoU": 10.0 + i,
            "images": images,
            "dataset": run.cfg.DATASETS.TEST[0],
            "vocabulary": run.vocabulary,
            "digest": run.digest,
        }
        for i, run in enumerate(runs)
    }
    (root / "runs.json").write_text(json.dumps(answers))


def calls(root: Path) -> list[str]:
    """Folders of the started runs, in order."""
    path = root / "calls.txt"
    return path.read_text().split() if path.exists() else []


def execute_all(root: Path, runs) -> None:
    """Make runs that succeed."""
    for run in runs:
        assert execute(run, root) == ""


def is_locked(folder: Path) -> bool:
    """Whether a process makes the run of a folder."""
    with open(folder / ".lock") as file:
        try:
            portalocker.lock(file, portalocker.LOCK_EX | portalocker.LOCK_NB)
            return False
        except portalocker.AlreadyLocked:
            return True
