"""
Semantic segmentation metrics: Detectron2's `SemSegEvaluator` in memory that does not grow.

The numbers and the keys are the base class's. Added: label maps as output, ground truth in the
dataset's own encoding, checks that name the file, the confusion matrix and a table per class; the
masks of every image are kept only on request.
"""

import csv
import os
from collections.abc import Callable, Mapping, Sequence
from itertools import zip_longest
from typing import Any

import numpy as np
import torch
from tabulate import tabulate
from torch import Tensor

from .d2 import DatasetCatalog, PathManager, SemSegEvaluator
from .data.labels import read_label


class FreeCPSemSegEvaluator(SemSegEvaluator):
    """
    Evaluate semantic segmentation, one image at a time.

    Args:
        dataset_name: a registered dataset; records with a `label_encoding` are read by it.
        distributed: collect from all ranks.
        output_dir: where the result files go; None writes none.
        save_predictions: keep every mask and write the base class's `sem_seg_predictions.json`;
            takes memory and time in proportion to images x classes.
        boundary_iou: also compute Detectron2's Boundary IoU, which erodes every label map.
        sem_seg_loading_fn: reads the label files of datasets without `label_encoding`.

    Attributes:
        confusion_matrix: after `evaluate` on the main rank, (K+1, K+1) int64; rows are predictions,
            columns ground truth, the last of each is "ignored".
    """

    _output_dir: str | None
    # Only Detectron2's class has these two.
    _b_conf_matrix: np.ndarray
    _mask_to_boundary: Callable[[np.ndarray], np.ndarray]

    def __init__(
        self,
        dataset_name: str,
        distributed: bool = True,
        output_dir: str | None = None,
        *,
        save_predictions: bool = False,
        boundary_iou: bool = False,
        sem_seg_loading_fn: Callable[..., np.ndarray] | None = None,
    ):
        loader = {} if sem_seg_loading_fn is None else {"sem_seg_loading_fn": sem_seg_loading_fn}
        super().__init__(dataset_name, distributed, output_dir, **loader)
        if boundary_iou and not getattr(self, "_compute_boundary_iou", False):
            raise ValueError(
                "boundary_iou=True, but this SemSegEvaluator cannot compute it: it needs real "
                f"Detectron2, OpenCV and fewer than 255 classes (got {self._num_classes}). Install "
                "them or leave it off."
            )
        self._compute_boundary_iou = boundary_iou
        self._save_predictions = save_predictions
        self._encodings = {
            record["sem_seg_file_name"]: record["label_encoding"]
            for record in DatasetCatalog.get(dataset_name)
            if "label_encoding" in record
        }
        self.confusion_matrix: np.ndarray | None = None

    def reset(self) -> None:
        """Forget everything counted so far."""
        super().reset()
        self.confusion_matrix = None

    def process(
        self, inputs: Sequence[Mapping[str, Any]], outputs: Sequence[Mapping[str, Tensor]]
    ) -> None:
        """
        Count the pixels of a batch.

        Args:
            inputs: the model's inputs; `file_name` finds the ground truth.
            outputs: `sem_seg` of each, scores (K, H, W) or labels 0..K-1 of an integer type (H, W),
                at the original size.

        Raises:
            ValueError: a prediction or a ground truth of wrong shape or values; the file is named.
        """
        for input_, output in zip(inputs, outputs, strict=True):
            file_name = input_["file_name"]
            pred = self._read_prediction(output["sem_seg"], file_name)
            gt = self._read_ground_truth(file_name)
            if pred.shape != gt.shape:
                raise ValueError(
                    f"{file_name}: prediction has (H, W) = {pred.shape}, ground truth {gt.shape}; "
                    "return predictions at the image's original height and width."
                )
            self._conf_matrix += self._confusion(pred, gt)
            if self._compute_boundary_iou:
                edges = (self._mask_to_boundary(m.astype(np.uint8)) for m in (pred, gt))
                self._b_conf_matrix += self._confusion(*edges)
            if self._save_predictions:
                self._predictions.extend(self.encode_json_sem_seg(pred, file_name))

    def evaluate(self) -> dict[str, dict[str, float]] | None:
        """
        Compute the metrics over all ranks and write the result files to `output_dir`:
        `sem_seg_evaluation.pth`, `confusion_matrix.npy`, `per_class.txt` and `per_class.csv`.

        Returns:
            dict: as the base class, {"sem_seg": {"mIoU": ..., "IoU-<class>": ..., ...}} in percent;
            None on other ranks than the main one.
        """
        output_dir = self._output_dir
        if not self._save_predictions:
            self._output_dir = None  # the base would write a file that says "nothing was predicted"
        try:
            results = super().evaluate()
        finally:
            self._output_dir = output_dir
        if results is None:
            return None
        self.confusion_matrix = matrix = self._conf_matrix.copy()
        if output_dir:
            self._write_files(output_dir, results["sem_seg"], matrix)
        return results

    def _read_prediction(self, sem_seg: Tensor, file_name: str) -> np.ndarray:
        """Scores (K, H, W) or a label map (H, W) -> labels (H, W), int64, all in 0..K-1."""
        num_classes = self._num_classes
        is_label_map = sem_seg.ndim == 2 and not (
            sem_seg.is_floating_point() or sem_seg.is_complex() or sem_seg.dtype == torch.bool
        )
        if sem_seg.ndim == 3 and sem_seg.shape[0] == num_classes:
            scores, labels = sem_seg.max(dim=0)
            if scores.isnan().any():
                raise ValueError(f"{file_name}: the scores have NaN; expected numbers.")
        elif is_label_map:
            labels = sem_seg
        else:
            raise ValueError(
                f"{file_name}: sem_seg is {sem_seg.dtype} of shape {tuple(sem_seg.shape)}; "
                f"expected scores of shape ({num_classes}, H, W) or an integer label map (H, W)."
            )
        pred = labels.to("cpu", torch.int64).numpy()
        if pred.size and not 0 <= pred.min() <= pred.max() < num_classes:
            raise ValueError(
                f"{file_name}: predicted labels are in {pred.min()}..{pred.max()}; expected "
                f"0..{num_classes - 1}, one class for every pixel."
            )
        return pred

    def _read_ground_truth(self, file_name: str) -> np.ndarray:
        """The label map of an image, (H, W), int64, 0..K-1 and K where it is not scored."""
        if file_name not in self.input_file_to_gt_file:
            raise KeyError(
                f"{file_name} is not in {self._dataset_name}; evaluate on the dataset it came from."
            )
        path = self.input_file_to_gt_file[file_name]
        if path in self._encodings:
            gt = read_label(path, encoding=self._encodings[path])
        else:
            gt = self.sem_seg_loading_fn(path, dtype=np.int64)
        ignored = gt == self._ignore_label
        # The base class would count a label K as ignored: unshifted labels would pass unnoticed.
        illegal = gt[~ignored & ((gt < 0) | (gt >= self._num_classes))]
        if illegal.size:
            raise ValueError(
                f"{path}: label {illegal[0]}; expected 0..{self._num_classes - 1} and "
                f"{self._ignore_label} (ignored); prepare the annotations as datasets/README.md "
                "says."
            )
        return np.where(ignored, self._num_classes, gt)

    def _confusion(self, pred: np.ndarray, gt: np.ndarray) -> np.ndarray:
        """Confusion matrix of one image, (K+1, K+1); rows are predictions."""
        size = self._num_classes + 1
        pairs = size * pred.astype(np.int64) + gt
        return np.bincount(pairs.reshape(-1), minlength=size**2).reshape(size, size)

    def _write_files(
        self, output_dir: str, results: Mapping[str, float], matrix: np.ndarray
    ) -> None:
        PathManager.mkdirs(output_dir)
        if not self._save_predictions:  # otherwise the base class has written it
            with PathManager.open(os.path.join(output_dir, "sem_seg_evaluation.pth"), "wb") as file:
                torch.save(dict(results), file)
        with PathManager.open(os.path.join(output_dir, "confusion_matrix.npy"), "wb") as file:
            np.save(file, matrix)
        with PathManager.open(os.path.join(output_dir, "per_class.txt"), "w") as file:
            file.write(per_class_table(results) + "\n")
        with PathManager.open(os.path.join(output_dir, "per_class.csv"), "w") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(["class", "IoU", "ACC"])
            writer.writerows(_per_class(results))


def per_class_table(results: Mapping[str, Any], num_columns: int = 3) -> str:
    """
    Lay out IoU and accuracy of every class as text, in columns so that 150 classes fit a screen.

    Args:
        results: what `evaluate` returned, or its "sem_seg" entry.
        num_columns: how many classes stand side by side; read down, then right.

    Returns:
        str: the table; percent, "-" for a class that the ground truth does not have.
    """
    rows = [
        (name, *("-" if np.isnan(value) else f"{value:.2f}" for value in values))
        for name, *values in _per_class(results)
    ]
    height = -(-len(rows) // num_columns)
    columns = [rows[i * height : (i + 1) * height] for i in range(num_columns)]
    lines = [
        [cell for row in line for cell in row]
        for line in zip_longest(*columns, fillvalue=("", "", ""))
    ]
    return tabulate(
        lines,
        headers=["class", "IoU", "ACC"] * num_columns,
        tablefmt="pipe",
        colalign=["left", "right", "right"] * num_columns,
        disable_numparse=True,
    )


def _per_class(results: Mapping[str, Any]) -> list[tuple[str, float, float]]:
    """(class, IoU, accuracy) in percent, in the dataset's order."""
    metrics = results.get("sem_seg", results)
    names = [key.removeprefix("IoU-") for key in metrics if key.startswith("IoU-")]
    if not names:
        raise ValueError(
            f"no result has a key 'IoU-<class>', got {list(metrics)[:5]}; pass what "
            "FreeCPSemSegEvaluator.evaluate returned."
        )
    return [(name, metrics[f"IoU-{name}"], metrics[f"ACC-{name}"]) for name in names]
