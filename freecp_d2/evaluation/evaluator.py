"""
Detectron2's `SemSegEvaluator` with constant memory: masks are kept only on request.

Also: mmsegmentation's mIoU, label maps as predictions, ground truth in the dataset's own encoding,
errors that name the file, results of single images to continue from, reports, and what purification
decided in comparison with the ground truth.
"""

import logging
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from typing import Any

import numpy as np
from torch import Tensor

from ..d2 import DatasetCatalog, SemSegEvaluator, comm
from ..data.labels import read_label
from ..utils.files import blaming
from .confusion import count_confusion, mean_iou_mmseg, only_predicted, read_prediction
from .partial import NO_COUNTS, ImageResult, add_counts, sparse_counts
from .purification import count_decisions
from .purification_tally import PurificationTally
from .reports import write_reports

logger = logging.getLogger(__name__)


class FreeCPSemSegEvaluator(SemSegEvaluator):
    """
    Args:
        dataset_name: a registered dataset; the `label_encoding` of a record is applied to its file.
        output_dir: folder of the result files; None writes none.
        save_predictions: keep every mask and write the base class's `sem_seg_predictions.json`;
            memory and time grow with images x classes.
        boundary_iou: also compute Detectron2's Boundary IoU; needs Detectron2 and OpenCV.
        sem_seg_loading_fn: reads the label files of records without `label_encoding`.
        earlier: results of images that are not processed again; the main rank counts them.
        on_image: called with the file name and the result of each image that is counted.
        skip_errors: leave out images that raise an error in `process`, instead of stopping.
        oracles: also purify with an oracle in place of RP, of AP, of both, see `purification.py`.

    Attributes:
        skipped: file name -> error, of the images that were left out; after `evaluate` those of
            all ranks.
        confusion_matrix: after `evaluate` on the main rank, (K+1, K+1) int64; rows are predictions,
            columns ground truth, the last of each is "ignored".
    """

    _output_dir: str | None
    # Only Detectron2's class defines these two.
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
        earlier: Sequence[ImageResult] = (),
        on_image: Callable[[str, ImageResult], None] | None = None,
        skip_errors: bool = False,
        oracles: bool = False,
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
        self._earlier, self._on_image, self._skip_errors = earlier, on_image, skip_errors
        self._oracles, self._purification = oracles, PurificationTally(self._num_classes)
        self.skipped: dict[str, str] = {}
        self._encodings = {
            record["sem_seg_file_name"]: record["label_encoding"]
            for record in DatasetCatalog.get(dataset_name)
            if "label_encoding" in record
        }
        self.confusion_matrix: np.ndarray | None = None

    def reset(self) -> None:
        super().reset()
        self.confusion_matrix = None
        self.skipped = {}
        self._purification = PurificationTally(self._num_classes)
        for result in self._earlier if comm.is_main_process() else ():
            self._add(result)

    def process(
        self, inputs: Sequence[Mapping[str, Any]], outputs: Sequence[Mapping[str, Tensor]]
    ) -> None:
        """
        Count the pixels of a batch.

        `sem_seg` of an output has scores (K, H, W) or integer labels 0..K-1 (H, W), at the size of
        the original image, whose `file_name` is in the input. `purification` of an output, if
        any, are its `Decisions`. An output with an `error` is of an image that has none.

        Raises:
            ValueError: an image has an error; a prediction or a ground truth has a wrong shape or
                wrong values.
            KeyError: the image is not in the dataset.
        """
        for input_, output in zip(inputs, outputs, strict=True):
            file_name = input_["file_name"]
            try:
                result = self._result_of(file_name, output)
            except (ValueError, OSError, MemoryError) as error:
                if not self._skip_errors:
                    raise
                self.skipped[file_name] = str(error) or type(error).__name__
                logger.warning(f"{file_name} is skipped: {self.skipped[file_name]}")
                continue
            self._add(result)
            if self._on_image is not None:
                self._on_image(file_name, result)

    def _result_of(self, file_name: str, output: Mapping[str, Any]) -> ImageResult:
        if "error" in output:
            raise ValueError(output["error"])
        pred = read_prediction(output["sem_seg"], self._num_classes, file_name)
        gt = self._read_ground_truth(file_name)
        if pred.shape != gt.shape:
            raise ValueError(
                f"{file_name}: prediction has (H, W) = {pred.shape}, ground truth {gt.shape}; "
                "return predictions at the image's original height and width."
            )
        boundary = NO_COUNTS
        masks: Sequence[dict[str, Any]] = ()
        if self._compute_boundary_iou:
            edges = (self._mask_to_boundary(m.astype(np.uint8)) for m in (pred, gt))
            boundary = sparse_counts(count_confusion(*edges, num_classes=self._num_classes))
        if self._save_predictions:
            masks = self.encode_json_sem_seg(pred, file_name)
        purification = NO_COUNTS
        if (decisions := output.get("purification")) is not None:
            found = count_decisions(decisions, gt, self._num_classes, oracles=self._oracles)
            purification = sparse_counts(found)
        counts = sparse_counts(count_confusion(pred, gt, num_classes=self._num_classes))
        return ImageResult(counts, boundary, masks, purification, file_name)

    def _add(self, result: ImageResult) -> None:
        add_counts(self._conf_matrix, result.counts)
        self._purification.add(result)
        if self._compute_boundary_iou:
            add_counts(self._b_conf_matrix, result.boundary)
        self._predictions.extend(result.masks)

    def evaluate(self) -> dict[str, dict[str, float]] | None:
        """
        The metrics over all ranks; also writes the files of `write_reports` to `output_dir`.

        {"sem_seg": {"mIoU": ..., "IoU-<class>": ..., ...}} in percent, as the base class, and
        "mIoU_mmseg", see `mean_iou_mmseg`, and those of `purification_metrics`; None off rank 0.

        Raises:
            ValueError: all images were skipped.
        """
        if self._skip_errors:
            self._gather_skipped()
        purification = self._purification.gather()
        output_dir = self._output_dir
        if not self._save_predictions:
            self._output_dir = None  # the base class would write an empty predictions file
        try:
            with blaming(output_dir) if output_dir else nullcontext():
                results = super().evaluate()
        finally:
            self._output_dir = output_dir
        if results is None:
            return None
        self.confusion_matrix = matrix = self._conf_matrix.copy()
        if not matrix[:, :-1].any():
            raise ValueError(
                f"{self._dataset_name}: no pixel was scored, the labels have no class (value "
                f"{self._ignore_label} alone); use labels with classes."
            )
        scores = results["sem_seg"]
        scores["mIoU_mmseg"] = mean_iou_mmseg(matrix)
        if names := [self._class_names[k] for k in only_predicted(matrix)]:
            self._explain_means(scores["mIoU"], scores["mIoU_mmseg"], names)
        scores.update(purification.metrics())
        if output_dir:
            write_reports(output_dir, scores, matrix, self._class_names, self._dataset_name)
            purification.write(output_dir, self._dataset_name)
        return results

    def _gather_skipped(self) -> None:
        parts = comm.all_gather((self._conf_matrix.any(), self.skipped))
        self.skipped = {name: error for _, part in parts for name, error in part.items()}
        if self.skipped and not any(is_counted for is_counted, _ in parts):
            raise ValueError(
                f"{self._dataset_name}: all {len(self.skipped)} images were skipped. The first: "
                f"{next(iter(self.skipped.values()))}"
            )

    def _explain_means(self, ours: float, mmseg: float, names: Sequence[str]) -> None:
        """Log that the two means differ because of the classes `names`."""
        more = f" and {len(names) - 5} more" if len(names) > 5 else ""
        logger.info(
            f"{self._dataset_name}: mIoU {ours:.2f} is Detectron2's mean, mIoU_mmseg {mmseg:.2f} "
            f"({mmseg - ours:+.2f}) mmsegmentation's, which counts 0 for classes predicted "
            f"but not in the ground truth of these images: {', '.join(names[:5])}{more}. Compare "
            "only numbers of the same rule on the same images."
        )

    def _read_ground_truth(self, file_name: str) -> np.ndarray:
        """The label map of an image, (H, W), int64, 0..K-1, and K where it is not scored."""
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
        # The base class counts a label K as ignored, which hides unshifted labels.
        illegal = gt[~ignored & ((gt < 0) | (gt >= self._num_classes))]
        if illegal.size:
            raise ValueError(
                f"{path}: label {illegal[0]}; expected 0..{self._num_classes - 1} and "
                f"{self._ignore_label} (ignored); prepare the annotations as datasets/README.md "
                "says."
            )
        return np.where(ignored, self._num_classes, gt)
