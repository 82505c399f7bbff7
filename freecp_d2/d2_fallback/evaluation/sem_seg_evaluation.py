"""
The evaluator of semantic segmentation.

Counterpart of `detectron2/evaluation/sem_seg_evaluation.py`. Leaves out: boundary IoU, and the
deprecated arguments `num_classes` and `ignore_label`. Unlike there, ground truth of the wrong size
or with unknown labels is an error that names the file.

Shape letters: `K` classes, `H, W` pixels of the image.
"""

import importlib.util
import json
import logging
import os
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch

from ...utils.image_formats import open_image
from ..data import DatasetCatalog, MetadataCatalog
from ..utils.comm import all_gather, gather, is_main_process, synchronize
from ..utils.file_io import PathManager
from .evaluator import DatasetEvaluator


def load_image_into_numpy_array(filename: str, dtype: Any = None) -> np.ndarray:
    """Read a label map, shape (H, W); the indices if the image has a palette."""
    with PathManager.open(filename, "rb") as file:
        return np.asarray(open_image(file), dtype=dtype)


class SemSegEvaluator(DatasetEvaluator):
    """
    IoU and accuracy of semantic segmentation, from one confusion matrix over the dataset.

    Rows are predictions, columns ground truth; the last column counts ignored pixels. Means leave
    out classes without ground truth.
    """

    _conf_matrix: np.ndarray  # (K + 1, K + 1), int64
    _predictions: list[dict[str, Any]]  # COCO's results format, one entry a class and image

    def __init__(
        self,
        dataset_name: str,
        distributed: bool = True,
        output_dir: str | None = None,
        *,
        sem_seg_loading_fn: Callable[..., np.ndarray] = load_image_into_numpy_array,
    ) -> None:
        """
        Args:
            dataset_name: its records have `file_name` and `sem_seg_file_name`, its metadata
                `stuff_classes` and `ignore_label`.
            distributed: collect the counts of all processes.
            output_dir: folder of `sem_seg_predictions.json` (if pycocotools is installed) and
                `sem_seg_evaluation.pth`; None: no files.
            sem_seg_loading_fn: `(file name, dtype=int)` -> label map (H, W).
        """
        self._logger = logging.getLogger(__name__)
        self._dataset_name = dataset_name
        self._distributed = distributed
        self._output_dir = output_dir
        self._cpu_device = torch.device("cpu")
        self.input_file_to_gt_file = {
            record["file_name"]: record["sem_seg_file_name"]
            for record in DatasetCatalog.get(dataset_name)
        }
        meta = MetadataCatalog.get(dataset_name)
        to_contiguous = meta.get("stuff_dataset_id_to_contiguous_id")
        self._contiguous_id_to_dataset_id = (
            None if to_contiguous is None else {v: k for k, v in to_contiguous.items()}
        )
        self._class_names = meta.stuff_classes
        self._num_classes = len(meta.stuff_classes)
        self._ignore_label = meta.ignore_label
        self.sem_seg_loading_fn = sem_seg_loading_fn
        self._compute_boundary_iou = False
        self._encode_predictions = importlib.util.find_spec("pycocotools") is not None
        if not self._encode_predictions:
            self._logger.warning("No sem_seg_predictions.json, as pycocotools is not installed.")

    def reset(self) -> None:
        size = self._num_classes + 1
        self._conf_matrix = np.zeros((size, size), dtype=np.int64)
        self._predictions = []

    def process(self, inputs: Sequence[dict], outputs: Sequence[dict]) -> None:
        """
        Count the pixels of a batch; `sem_seg` of an output has class scores (K, H, W).

        ValueError for ground truth of another size than the prediction or with an unknown label.
        """
        for input_, output in zip(inputs, outputs, strict=True):
            pred = output["sem_seg"].argmax(dim=0).to(self._cpu_device).numpy()
            gt_file = self.input_file_to_gt_file[input_["file_name"]]
            gt = self.sem_seg_loading_fn(gt_file, dtype=int)
            self._conf_matrix += self._count_image(pred, gt, gt_file)
            if self._encode_predictions:
                self._predictions.extend(self.encode_json_sem_seg(pred, input_["file_name"]))

    def _count_image(self, pred: np.ndarray, gt: np.ndarray, gt_file: str) -> np.ndarray:
        """The confusion matrix of one image; `pred` and `gt` are label maps (H, W)."""
        if pred.shape != gt.shape:
            raise ValueError(
                f"{gt_file} has {gt.shape} (height, width), but the prediction has {pred.shape}; "
                "the model should return scores of the size of the image."
            )
        num_classes = self._num_classes
        unknown = np.unique(gt[(gt != self._ignore_label) & ((gt < 0) | (gt >= num_classes))])
        if unknown.size:
            raise ValueError(
                f"{gt_file} has labels {unknown[:10].tolist()}, expected 0 to {num_classes - 1} or "
                f"{self._ignore_label} (ignored); prepare the labels of {self._dataset_name}."
            )
        if pred.max(initial=0) > num_classes:
            raise ValueError(
                f"The prediction for {gt_file} has class {pred.max()}, but {self._dataset_name} "
                f"has {num_classes} classes; give the model the classes of the dataset."
            )
        columns = np.where(gt == self._ignore_label, num_classes, gt)
        pairs = (num_classes + 1) * pred.astype(np.int64) + columns
        size = (num_classes + 1) ** 2
        return np.bincount(pairs.reshape(-1), minlength=size).reshape(num_classes + 1, -1)

    def evaluate(self) -> dict[str, dict[str, float]] | None:
        """
        Compute the scores and write the files.

        Returns:
            dict | None: {"sem_seg": percent}: mIoU, fwIoU (weighted by frequency), mACC, pACC (of
                all pixels), IoU-<class>, ACC-<class>, nan without ground truth. None off rank 0.
        """
        if self._distributed and not self._collect_ranks():
            return None
        scores = self._scores_in_percent()
        if self._output_dir:
            self._write_results(self._output_dir, scores)
        results = {"sem_seg": scores}
        self._logger.info(results)
        return results

    def _collect_ranks(self) -> bool:
        """Add up the counts of all processes on rank 0; returns whether this is rank 0."""
        synchronize()
        matrices = all_gather(self._conf_matrix)
        predictions = gather(self._predictions)
        if is_main_process():
            self._conf_matrix = np.sum(matrices, axis=0)
            self._predictions = [entry for part in predictions for entry in part]
        return is_main_process()

    def _scores_in_percent(self) -> dict[str, float]:
        counts = self._conf_matrix[:-1, :-1].astype(float)
        hits, predicted, truth = counts.diagonal(), counts.sum(axis=1), counts.sum(axis=0)
        occurs = truth > 0
        with np.errstate(invalid="ignore", divide="ignore"):  # 0 / 0 is nan: no ground truth
            acc = hits / truth
            iou = np.where(occurs, hits / (truth + predicted - hits), np.nan)
            weights = truth / truth.sum()
            num_occurring = np.float64(occurs.sum())
            miou, macc = iou[occurs].sum() / num_occurring, acc[occurs].sum() / num_occurring
            pacc = hits.sum() / truth.sum()
        res = {"mIoU": miou, "fwIoU": np.sum(iou[occurs] * weights[occurs])}
        res.update({f"IoU-{name}": iou[i] for i, name in enumerate(self._class_names)})
        res.update({"mACC": macc, "pACC": pacc})
        res.update({f"ACC-{name}": acc[i] for i, name in enumerate(self._class_names)})
        return {key: 100 * float(value) for key, value in res.items()}

    def _write_results(self, output_dir: str, scores: dict[str, float]) -> None:
        PathManager.mkdirs(output_dir)
        if self._encode_predictions:
            path = os.path.join(output_dir, "sem_seg_predictions.json")
            with PathManager.open(path, "w") as file:
                json.dump(self._predictions, file)
        with PathManager.open(os.path.join(output_dir, "sem_seg_evaluation.pth"), "wb") as file:
            torch.save(scores, file)

    def encode_json_sem_seg(self, sem_seg: np.ndarray, input_file_name: str) -> list[dict]:
        """
        A label map (H, W) in COCO's results format: a run-length encoded mask per class.

        See https://cocodataset.org/#format-results.
        """
        import pycocotools.mask as mask_util  # optional, so not at the top

        entries = []
        for label in np.unique(sem_seg).tolist():
            category = label
            if self._contiguous_id_to_dataset_id is not None:
                known = self._contiguous_id_to_dataset_id
                assert label in known, (
                    f"Label {label} is not in the metadata of {self._dataset_name}."
                )
                category = known[label]
            mask = np.asfortranarray((sem_seg == label)[:, :, None], dtype=np.uint8)
            rle = mask_util.encode(mask)[0]
            rle["counts"] = rle["counts"].decode("utf-8")
            entry = {"file_name": input_file_name, "category_id": category, "segmentation": rle}
            entries.append(entry)
        return entries
