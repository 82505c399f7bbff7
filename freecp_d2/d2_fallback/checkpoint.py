"""
Loading weights from a file into a model.

Counterpart of `detectron2/checkpoint/`, on fvcore's `Checkpointer`. Leaves out: the pickles of the
model zoo and of pycls, and the matching of names that differ.
"""

from typing import Any

import torch
from fvcore.common.checkpoint import Checkpointer

from .utils import needs_detectron2


class DetectionCheckpointer(Checkpointer):
    """
    fvcore's `Checkpointer`, which reads bare state dicts, too.

    Tensors that are missing, not in the model or of another shape are skipped with a warning. Only
    tensors and plain containers are unpickled.
    """

    def _load_file(self, filename: str) -> dict[str, Any]:
        if filename.endswith((".pkl", ".pyth")):
            raise needs_detectron2(f"MODEL.WEIGHTS={filename}, a pickled model,")
        loaded = torch.load(filename, map_location="cpu", weights_only=True)
        return loaded if "model" in loaded else {"model": loaded}
