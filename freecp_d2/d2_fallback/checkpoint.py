"""
Loading weights from a file into a model.

Counterpart of `detectron2/checkpoint/`, on fvcore's `Checkpointer`. Leaves out: the pickles of the
model zoo and of pycls, and the matching of names that differ.
"""

from typing import Any

import torch
from fvcore.common.checkpoint import Checkpointer
from torch import nn

from .utils import comm, needs_detectron2
from .utils.file_io import PathManager


class DetectionCheckpointer(Checkpointer):
    """
    fvcore's `Checkpointer`; only the main process writes, and bare state dicts are read, too.

    Tensors that are missing, not in the model or of another shape are skipped with a warning. Only
    tensors and plain containers are unpickled.
    """

    def __init__(
        self,
        model: nn.Module,
        save_dir: str = "",
        *,
        save_to_disk: bool | None = None,
        **checkpointables: Any,
    ):
        is_main = comm.is_main_process()
        super().__init__(
            model,
            save_dir,
            save_to_disk=is_main if save_to_disk is None else save_to_disk,
            **checkpointables,
        )
        self.path_manager = PathManager

    def _load_file(self, filename: str) -> dict[str, Any]:
        if filename.endswith((".pkl", ".pyth")):
            raise needs_detectron2(f"MODEL.WEIGHTS={filename}, a pickled model,")
        loaded = torch.load(filename, map_location="cpu", weights_only=True)
        return loaded if "model" in loaded else {"model": loaded}
