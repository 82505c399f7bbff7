"""Verify an own dataset in full: every image and label is decoded, and the classes are counted."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from ...d2 import DatasetCatalog, MetadataCatalog
from ..checks import first_few
from ..dataset_checks import is_voc
from ..label_checks import decode_labels, judge_labels, masks_allowed
from ..labels import IGNORE_LABEL
from ..own import register_folders
from .verifying import image_fault


@dataclass(frozen=True)
class FolderVerification:
    """
    The result for one own dataset.

    Args:
        names: of the classes; empty if they could not be read.
        pixels: of each class, and last of the pixels without a class.
        findings: what was found, what was expected, what to do.
    """

    name: str
    num_images: int
    names: tuple[str, ...]
    pixels: tuple[int, ...]
    findings: tuple[str, ...]

    @property
    def absent(self) -> list[str]:
        """Classes that no pixel has."""
        return [name for name, count in zip(self.names, self.pixels, strict=False) if not count]


def verify_folder(name: str, num_workers: int = 8) -> FolderVerification:
    """
    Decode all images and labels of "folder:PATH" and check them; what prevents the listing of the
    files is the only finding then.
    """
    try:
        register_folders([name])
        records = DatasetCatalog.get(name)
    except (ValueError, OSError) as error:
        return FolderVerification(name, 0, (), (), (str(error),))
    classes = tuple(MetadataCatalog.get(name).stuff_classes)
    with ThreadPoolExecutor(num_workers) as pool:
        faults = list(pool.map(image_fault, [record["file_name"] for record in records]))
    findings = []
    if broken := [fault for fault in faults if fault]:
        findings.append(
            f"{len(broken)} of {len(records)} images cannot be decoded: {first_few(broken)}. "
            "Expected complete files; get them again."
        )
    labels = [(record["sem_seg_file_name"], record["label_encoding"]) for record in records]
    files = decode_labels(labels, len(classes), IGNORE_LABEL)
    allowed = masks_allowed(encoding for _, encoding in labels)
    findings += judge_labels(files, allowed, is_voc(classes))
    counts: Counter[int] = Counter()
    for file in files:
        counts.update(file.pixels or {})
    pixels = tuple(counts[label] for label in (*range(len(classes)), IGNORE_LABEL))
    return FolderVerification(name, len(records), classes, pixels, tuple(findings))
