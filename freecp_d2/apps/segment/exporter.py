"""
Exports of labelled images, from their record and label map, so that a finished run can get them.

A file is written once for each label map, and noted in `.exports.jsonl`. One that was edited since,
or that this program did not write, is kept.
"""

import hashlib
import json
import os
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import yaml

from ...data.exports import coco_dataset, labelme_file, merge_coco, yolo_data, yolo_lines
from ...engine.predictor.saving import as_json
from ...utils.files import blaming, printable, write_whole
from ...visualization.label_png import read_labels
from .geotiff import geojson_of
from .image_record import Settings
from .inputs import FailedInput, Source
from .outputs import EXPORTS, export_path, result_path

COCO_FILE, YOLO_FILE = Path("coco/_annotations.coco.json"), Path("yolo/data.yaml")
"""Files of all images of a run."""

_COCO_MARK, _COCO_START = b'"version": "freecp_d2', 400
"""In the first bytes of COCO files of this program."""


class Exporter:
    """Writes the exports of a run, and at its end the files of all images."""

    def __init__(self, sources: Sequence[Source], settings: Settings):
        self.settings = settings
        self.count = Counter(source.relative for source in sources)
        self.done: list[Path] = []
        self.classes: list[str] = []
        self.log = settings.output / ".exports.jsonl"
        self.written: dict[str, dict[str, Any]] = {}
        text = self.log.read_text("utf-8", "replace") if self.log.exists() else ""
        for line in text.splitlines():
            with suppress(ValueError, KeyError, TypeError):  # a line that a crash has cut
                entry = json.loads(line)
                self.written[entry["file"]] = entry

    def write(self, source: Source, name: Path, record: Mapping[str, Any]) -> str:
        """Write the exports of an image that are not of its labels; returns notes."""
        settings, kept = self.settings, []
        self.classes = [entry["name"] for entry in record["classes"]]
        labels = result_path(settings.output, name, "raster" if settings.rasters else "labels")
        for kind in settings.exports:
            path = export_path(settings.output, name, kind)
            file = str(path.relative_to(settings.output))
            made_of = [labels.stat().st_mtime_ns, self._tolerance(kind)]
            old = self.written.get(file, {})
            if path.exists() and not settings.force and old.get("made_of") == made_of:
                continue
            content = self._content(kind, source, name, record, labels)
            digest = _digest(content)
            ours = (digest, old.get("sha256"))
            if path.exists() and not settings.force and _digest(path.read_bytes()) not in ours:
                kept.append(printable(path))
                continue
            path.parent.mkdir(parents=True, exist_ok=True)
            write_whole(path, content)
            with blaming(self.log), self.log.open("a") as log:
                log.write("\n" + json.dumps({"file": file, "made_of": made_of, "sha256": digest}))
        self.done.append(name)
        notes = [f"kept {name}, edited or of another program; --force replaces it" for name in kept]
        return "; ".join([*notes, *self._outdated(name, labels)])

    def _outdated(self, name: Path, labels: Path) -> Iterator[str]:
        """What is said of exports of earlier labels that this run does not write."""
        for kind in EXPORTS:
            path = export_path(self.settings.output, name, kind)
            old = self.written.get(str(path.relative_to(self.settings.output)))
            if kind in self.settings.exports or not old or not path.exists():
                continue
            if old["made_of"][0] != labels.stat().st_mtime_ns:
                yield f"{printable(path)} is of earlier labels; --format {kind} writes it again"

    def finish(self) -> list[FailedInput]:
        """Write the files of all images; returns those that were not written, and why."""
        failures = []
        for kind, write in (("coco", self._write_coco), ("yolo", self._write_yolo)):
            try:
                if self.done and kind in self.settings.exports:
                    write()
            except ValueError as error:
                failures.append(FailedInput(kind, str(error)))
        return failures

    def _write_coco(self) -> None:
        path = self.settings.output / COCO_FILE
        start = path.read_bytes()[:_COCO_START] if path.exists() else b""
        if start and _COCO_MARK not in start and not self.settings.force:
            raise ValueError(f"{printable(path)} is of another program; --force replaces it")
        datasets = []
        for name in self.done:
            file = export_path(self.settings.output, name, "coco")
            try:
                datasets.append(json.loads(file.read_bytes()))
                merge_coco([datasets[0], datasets[-1]])
            except (OSError, ValueError, KeyError, TypeError) as error:
                raise ValueError(
                    f"{printable(path)} was not written, because {printable(file)} was edited or "
                    f"removed and cannot be merged ({error}); remove it, and the next run makes it "
                    "again"
                ) from error
        write_whole(path, as_json(merge_coco(datasets)))

    def _write_yolo(self) -> None:
        path, content = self.settings.output / YOLO_FILE, yolo_data(self.classes)
        if path.exists() and not self.settings.force:  # its folders may have been edited
            try:
                old, new = (yaml.safe_load(text)["names"] for text in (path.read_bytes(), content))
            except (yaml.YAMLError, KeyError, TypeError):
                old, new = None, content
            if old != new:
                raise ValueError(f"{printable(path)} has other classes; --force replaces it")
            return
        write_whole(path, content.encode())

    def _tolerance(self, kind: str) -> float:
        return 0.0 if kind in ("coco", "geojson") else self.settings.tolerance

    def _content(
        self, kind: str, source: Source, name: Path, record: Mapping[str, Any], file: Path
    ) -> bytes:
        names, tolerance = self.classes, self._tolerance(kind)
        found = {entry["name"]: entry.get("score") for entry in record["visible"]}
        scores = {name: score for name, score in found.items() if score is not None}
        if kind == "geojson":
            return geojson_of(file, names, scores)
        labels = read_labels(file, record["no_word"])
        if kind == "coco":
            alone = self.count[source.relative] == 1
            image = source.relative if alone else Path(os.path.abspath(source.path))
            return as_json(coco_dataset(labels, names, printable(image), scores))
        if kind == "labelme":
            folder = export_path(self.settings.output, name, kind).parent
            place = printable(os.path.relpath(source.path, folder))
            return as_json(labelme_file(labels, names, place, scores, tolerance))
        return yolo_lines(labels, names, tolerance).encode()


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
