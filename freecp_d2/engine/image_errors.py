"""Pass errors of single images through the loader and the model to the evaluator."""

from collections.abc import Callable
from typing import Any

from torch import nn
from torch.utils.data import DataLoader

from ..d2 import CfgNode, build_detection_test_loader
from ..modeling.finite_checks import WeightsError

READ_ERRORS = (ValueError, OSError, MemoryError, SyntaxError)
"""What image files that cannot be read raise; SyntaxError is Pillow's, of broken PNGs."""


def skips_errors(cfg: CfgNode) -> bool:
    """Whether TEST.ON_ERROR is skip; ValueError if it is neither that nor stop."""
    if cfg.TEST.ON_ERROR not in ("stop", "skip"):
        raise ValueError(f'TEST.ON_ERROR="{cfg.TEST.ON_ERROR}"; use stop or skip.')
    return cfg.TEST.ON_ERROR == "skip"


class CarryingMapper:
    """
    A mapper that returns `{"file_name": ..., "error": ...}` for an image that cannot be read.

    A loader's worker would raise the error with its own stack trace, and end.
    """

    def __init__(self, mapper: Callable[[dict[str, Any]], dict[str, Any]]) -> None:
        self.mapper = mapper

    def __call__(self, record: dict[str, Any]) -> dict[str, Any]:
        try:
            return self.mapper(record)
        except READ_ERRORS as error:
            name, message = record["file_name"], " ".join(str(error).split())
            if name not in message:
                message = f"{name}: {message or type(error).__name__}"
            return {"file_name": name, "error": message}


def carrying_loader(
    cfg: CfgNode,
    records: list[dict[str, Any]],
    mapper: Callable[[dict[str, Any]], dict[str, Any]],
    batch_size: int = 1,
) -> DataLoader:
    """Detectron2's loader of all records, with `CarryingMapper`; it pins images for a GPU."""
    loader = build_detection_test_loader(
        records,
        mapper=CarryingMapper(mapper),
        batch_size=batch_size,
        num_workers=cfg.DATALOADER.NUM_WORKERS,
    )
    loader.pin_memory = cfg.MODEL.DEVICE.startswith("cuda")  # copies overlap with computing
    return loader


class CarryingModel(nn.Module):
    """
    A model that runs on the images that could be read; the others have `{"error": ...}` as output.

    Args:
        skip_errors: an image with which the model fails gets such an output, too, and the others of
            its batch run without it. Errors of the weights and of the GPU are still raised.
    """

    def __init__(self, model: nn.Module, *, skip_errors: bool) -> None:
        super().__init__()
        self.model, self.skip_errors = model, skip_errors
        self.training = model.training

    def forward(self, inputs: list[dict[str, Any]]) -> list[dict[str, Any]]:
        readable = [item for item in inputs if "error" not in item]
        outputs = iter(self._run(readable) if readable else ())
        return [{"error": item["error"]} if "error" in item else next(outputs) for item in inputs]

    def _run(self, inputs: list[dict[str, Any]]) -> list[dict[str, Any]]:
        if not self.skip_errors:
            return self.model(inputs)
        try:
            return self.model(inputs)
        except WeightsError:
            raise
        except (RuntimeError, ValueError, MemoryError) as error:
            if "CUDA error" in str(error):  # no image could be evaluated after it
                raise
            if len(inputs) > 1:
                return [output for item in inputs for output in self._run([item])]
            return [{"error": f"{inputs[0]['file_name']}: the model failed: {error}"}]
