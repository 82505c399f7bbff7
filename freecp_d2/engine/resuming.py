"""
Continue an interrupted evaluation: the folder OUTPUT_DIR/partial.

`run.json` holds what decides the numbers, under an id; `<id>.*.jsonl` are the images that the
processes of the run and of its continuations have evaluated, see `evaluation/partial.py`.
"""

import hashlib
import json
import logging
import os
import re
import shutil
import uuid
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path
from typing import Any

import torch
from torch import nn

from ..checkpoint.catalogue import file_digest
from ..d2 import CfgNode, MetadataCatalog, comm
from ..evaluation.partial import ImageResult, StoredResult, append_result, read_results
from ..text import Vocabulary
from ..utils.files import locked, write_whole
from ..version import __version__
from .plugins import plugin_digests
from .run_record import RECORD, decisive_settings

FOLDER = "partial"
FACTS = "run.json"
_LOCK = ".evaluation.lock"

Records = Sequence[Mapping[str, Any]]
Facts = Mapping[str, Mapping[str, Any]]
"""What decides the numbers of a run, in groups: group -> name -> plain value."""

logger = logging.getLogger(__name__)


@contextmanager
def sole_run(output_dir: str) -> Iterator[None]:
    """
    Exclude other evaluations from OUTPUT_DIR; a kill of the process ends the lock.

    Raises:
        ValueError: another process holds the lock.
        OSError: the folder cannot be written to.
    """

    def refuse() -> None:
        raise ValueError(
            f'OUTPUT_DIR="{output_dir}" is in use by another evaluation; wait for its end, stop '
            "it, or choose another folder."
        )

    Path(output_dir).mkdir(parents=True, exist_ok=True)
    with ExitStack() as stack:
        try:
            stack.enter_context(locked(Path(output_dir) / _LOCK, refuse))
        except OSError as error:
            if error.errno is not None:
                raise
            logger.warning(f"{error} Two evaluations in this folder would not notice each other.")
        yield


def run_facts(cfg: CfgNode, vocabulary: Vocabulary, selected: Mapping[str, Records]) -> Facts:
    """The facts of a run, except weights; `selected` is dataset -> the records to evaluate."""
    config = decisive_settings(cfg) | {
        "TEST.BOUNDARY_IOU": cfg.TEST.BOUNDARY_IOU,
        "TEST.ORACLES": cfg.TEST.ORACLES,
        "TEST.SAVE_PREDICTIONS": cfg.TEST.SAVE_PREDICTIONS,
    }
    words: dict[str, Any] = {"vocabulary": [*vocabulary.words], "digest": vocabulary.digest}
    text, clip = cfg.MODEL.TEXT, cfg.MODEL.CLIP
    for name in (text.DESCRIPTIONS, text.WORD_DESCRIPTIONS, clip.MERGES):
        if os.path.isfile(name):
            words[f"file {name}"] = file_digest(Path(name))
    facts = {"config": config, "words": words, "version": {"freecp_d2": __version__}}
    facts["code of --import"] = plugin_digests()
    for dataset, records in selected.items():
        keys = ("file_name", "sem_seg_file_name", "label_encoding")
        names = [
            [re.sub(r" at 0x[0-9a-f]+", "", str(record.get(key))) for key in keys]
            for record in records  # without addresses of objects
        ]
        digest = hashlib.sha256(json.dumps(sorted(names)).encode())
        facts[dataset] = {
            "classes": list(MetadataCatalog.get(dataset).stuff_classes),
            "number of images": len(names),
            "names of images and labels": digest.hexdigest(),
        }
    return facts


def weights_facts(model: nn.Module) -> Facts:
    """SHA-256 of the weights of each part of a model; half a second for a ViT-B/16."""
    parts: dict[str, Any] = defaultdict(hashlib.sha256)
    for key, tensor in model.state_dict().items():
        content = parts[key.partition(".")[0]]
        content.update(f"{key} {tensor.dtype} {tuple(tensor.shape)}".encode())
        data = tensor.detach().cpu().contiguous().reshape(-1)
        content.update(data.view(torch.uint8).numpy())
    return {"weights": {part: content.hexdigest() for part, content in parts.items()}}


def check_resumable(output_dir: str, facts: Facts) -> str:
    """
    The id of the run that can be continued; "" if there is none.

    Args:
        facts: all or some groups of the facts of the run that is to continue it.

    Raises:
        ValueError: facts differ; the first of them are named.
    """
    path = Path(output_dir) / FOLDER / FACTS
    try:
        stored = json.loads(path.read_text(encoding="utf-8"))
        earlier, run = stored["facts"], str(stored["id"])
    except FileNotFoundError:
        return ""
    except (ValueError, KeyError, TypeError) as error:
        raise ValueError(
            f"--resume: {path} cannot be read ({error}); leave out --resume to start from the "
            "first image."
        ) from error
    differences = []
    for group, values in json.loads(json.dumps(facts)).items():
        before = earlier.get(group, {})
        differences += [
            _difference(f"{group}: {name}", values.get(name), before.get(name))
            for name in sorted({*values, *before})
            if values.get(name) != before.get(name)
        ]
    if differences:
        more = f"; and {len(differences) - 3} more" if len(differences) > 3 else ""
        raise ValueError(
            f"--resume: the evaluation in {output_dir} was started with something else. "
            f"{'; '.join(differences[:3])}{more}. Use what it was started with, choose another "
            "OUTPUT_DIR, or leave out --resume to start from the first image."
        )
    return run


@dataclass
class PartialResults:
    """
    Attributes:
        path: the file of this process.
        earlier: dataset -> image -> results of earlier processes.
    """

    path: Path
    earlier: Mapping[str, Mapping[str, list[StoredResult]]]

    def split(self, dataset: str, records: Records) -> tuple[list, list[ImageResult]]:
        """The records that are to be evaluated, and the results of the others."""
        stored = {image: list(found) for image, found in self.earlier.get(dataset, {}).items()}
        missing, results = [], []
        for record in records:
            current = _stamp(record)
            found = [r for r in stored.pop(str(record["file_name"]), []) if r.stamp == current]
            if found:
                results.append(found.pop().result)
                stored[str(record["file_name"])] = found
            else:
                missing.append(record)
        return missing, results

    def add(self, dataset: str, record: Mapping[str, Any], result: ImageResult) -> None:
        """Store the result of an image. OSError, which names the file, if that is not possible."""
        stored = StoredResult(dataset, str(record["file_name"]), _stamp(record), result)
        append_result(self.path, stored)


def open_partial(output_dir: str, facts: Facts, *, resume: bool) -> PartialResults:
    """
    The results of an earlier run, if it is resumed, and a new file for those of this process.

    All processes call it. Without `resume`, results of an unfinished run are kept aside. Machines
    need not share a disk.

    Raises:
        ValueError: as `check_resumable`.
        OSError: the folder cannot be written to.
    """
    folder, run = Path(output_dir) / FOLDER, ""
    if comm.is_main_process():
        run = check_resumable(output_dir, facts) if resume else ""
        if not run:
            run = uuid.uuid4().hex[:8]
            _start(folder, run, facts)
    run = comm.all_gather(run)[0]
    folder.mkdir(parents=True, exist_ok=True)
    shards = {}
    if comm.get_local_rank() == 0:
        shards = {path.name: read_results(path) for path in sorted(folder.glob(f"{run}.*.jsonl"))}
    earlier: dict[str, dict[str, list[StoredResult]]] = defaultdict(lambda: defaultdict(list))
    for stored in dict(item for part in comm.all_gather(shards) for item in part.items()).values():
        for entry in stored:
            earlier[entry.dataset][entry.image].append(entry)
    name = f"{run}.{comm.get_rank()}.{uuid.uuid4().hex[:8]}.jsonl"
    return PartialResults(folder / name, earlier)


def _start(folder: Path, run: str, facts: Facts) -> None:
    """Begin a run; results of an unfinished one are kept aside."""
    if any(folder.glob("*.jsonl")) and not (folder.parent / RECORD).exists():
        aside = folder.with_name(f"{FOLDER}.old")
        shutil.rmtree(aside, ignore_errors=True)
        folder.replace(aside)
        logger.warning(
            f"{folder.parent} holds results of an unfinished evaluation, and --resume was not "
            f"given: this one starts from the first image; the earlier results are now in {aside}."
        )
    if folder.exists():
        shutil.rmtree(folder)
    folder.mkdir(parents=True)
    write_whole(folder / FACTS, json.dumps({"id": run, "facts": facts}, indent=1).encode())


def _stamp(record: Mapping[str, Any]) -> list:
    """Size and time of change of an image and its label, which tell whether they were replaced."""
    stamp: list[int] = []
    for name in (record["file_name"], record.get("sem_seg_file_name")):
        try:
            status = os.stat(name or "")
        except OSError:  # not a file of a disk, or missing
            continue
        stamp += [status.st_size, status.st_mtime_ns]
    return stamp


def _difference(name: str, now: Any, then: Any) -> str:
    if isinstance(now, list) and isinstance(then, list):
        pairs = enumerate(zip_longest(now, then), start=1)
        number, (now, then) = next((i, pair) for i, pair in pairs if pair[0] != pair[1])
        name = f"{name}, number {number}"
    now, then = ("not set" if value is None else repr(value) for value in (now, then))
    return f"{name} is {now}, was {then}"
