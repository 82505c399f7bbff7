"""
Correct, predicted and true pixels per image and class, and their mIoU and accuracy.

Shape shorthand in this module: I images, K classes.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from torch import Tensor

from ..d2 import DatasetCatalog, DatasetEvaluator, MetadataCatalog, comm
from ..data.label_reading import read_values
from ..data.labels import read_label
from .partial import add_counts, results_of_run

HIT, PREDICTED, TRUE = range(3)


class PixelCounts(DatasetEvaluator):
    """
    Count correct, predicted and true pixels for each variant, image and class.

    The label files contain 0..K-1 and the ignore label, unless a record has a `label_encoding`.
    """

    def __init__(self, dataset_name: str):
        metadata = MetadataCatalog.get(dataset_name)
        self.num_classes = len(metadata.stuff_classes)
        self.ignore_label = metadata.ignore_label
        self.records = {
            record["file_name"]: (i, record["sem_seg_file_name"], record.get("label_encoding"))
            for i, record in enumerate(DatasetCatalog.get(dataset_name))
        }
        self.reset()

    def reset(self) -> None:
        """Discard all counts."""
        self.found: dict[tuple[tuple[str, str], int], np.ndarray] = {}

    def process(
        self,
        inputs: Sequence[Mapping[str, Any]],
        outputs: Sequence[Mapping[tuple[str, str], Tensor]],
    ) -> None:
        """Count a batch; each of `outputs` is variant -> label map (H, W)."""
        for input_, output in zip(inputs, outputs, strict=True):
            index, label_file, encoding = self.records[input_["file_name"]]
            truth = (
                read_label(label_file, encoding=encoding) if encoding else read_values(label_file)
            )
            for name, labels in output.items():
                predicted = labels.cpu().numpy()
                counts = count_labels(predicted, truth, self.num_classes, self.ignore_label)
                self.found[name, index] = counts

    def evaluate(self) -> dict[tuple[str, str], np.ndarray] | None:
        """Variant -> counts, shape (I, 3, K), images in the dataset's order; None off rank 0."""
        parts = comm.gather(self.found, dst=0)
        if not comm.is_main_process():
            return None
        found = {key: value for part in parts for key, value in part.items()}
        counts: dict[tuple[str, str], list[np.ndarray]] = {}
        for name, index in sorted(found, key=lambda key: key[1]):
            counts.setdefault(name, []).append(found[name, index])
        return {name: np.stack(images) for name, images in counts.items()}


def count_labels(
    predicted: np.ndarray, truth: np.ndarray, num_classes: int, ignore_label: int = 255
) -> np.ndarray:
    """
    Correct, predicted and true pixels of each class, int64 (3, K).

    `predicted` (H, W) has labels 0..K-1; `truth` (H, W) also `ignore_label`.
    """
    scored = truth != ignore_label
    predicted, truth = predicted[scored], truth[scored]
    groups = (truth[predicted == truth], predicted, truth)
    return np.stack([np.bincount(labels, minlength=num_classes) for labels in groups])


def dense_counts(sparse: np.ndarray, num_classes: int) -> np.ndarray:
    """
    Correct, predicted and true pixels of each class, int64 (3, K), of a sparse confusion matrix
    (`ImageResult.counts`), without ignored ones.
    """
    matrix = np.zeros((num_classes + 1, num_classes + 1), np.int64)
    add_counts(matrix, sparse)
    scored = matrix[:-1, :-1]
    return np.stack([scored.diagonal(), scored.sum(axis=1), scored.sum(axis=0)])


def mean_iou(counts: np.ndarray, classes: Sequence[int] | None = None) -> np.ndarray:
    """
    mIoU by Detectron2's rule, in percent, shape (...): the mean over the classes with a true pixel.

    `counts` are sums over images, shape (..., 3, K); `classes` restricts the mean to some classes.
    """
    if classes is not None:
        counts = counts[..., list(classes)]
    hit, predicted, true = (counts[..., i, :].astype(np.float64) for i in range(3))
    union = predicted + true - hit
    present = true > 0
    iou = np.divide(hit, union, out=np.zeros_like(hit), where=union > 0)
    return 100 * (iou * present).sum(axis=-1) / np.maximum(present.sum(axis=-1), 1)


def pixel_accuracy(counts: np.ndarray) -> np.ndarray:
    """Percent of the scored pixels that are correct; `counts` has shape (..., 3, K)."""
    return 100 * counts[..., HIT, :].sum(axis=-1) / counts[..., TRUE, :].sum(axis=-1)


def counts_of_run(output_dir: str | Path, dataset: str) -> dict[str, np.ndarray]:
    """
    Image -> counts, shape (3, K), of a finished evaluation.

    FileNotFoundError if `output_dir` has no confusion matrix of the dataset.
    """
    path = Path(output_dir) / "inference" / dataset / "confusion_matrix.npy"
    num_classes = len(np.load(path, mmap_mode="r")) - 1
    return {
        stored.image: dense_counts(stored.result.counts, num_classes)
        for stored in results_of_run(output_dir)
        if stored.dataset == dataset
    }


def save_counts(path: str | Path, counts: Mapping[tuple[str, str], np.ndarray]) -> None:
    """Write counts (variant -> (I, 3, K)) as a compressed .npz; `load_counts` reads it."""
    arrays: dict[str, Any] = {"/".join(name): value for name, value in counts.items()}
    np.savez_compressed(path, **arrays)


def load_counts(path: str | Path) -> dict[tuple[str, str], np.ndarray]:
    """Read what `save_counts` wrote."""
    with np.load(path, allow_pickle=False) as file:
        return {(name.split("/")[0], name.split("/")[1]): file[name] for name in file.files}
