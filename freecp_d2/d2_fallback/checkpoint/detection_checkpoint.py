"""
Weights from a file into a model.

Counterpart of `detectron2/checkpoint/detection_checkpoint.py`, on fvcore's `Checkpointer`. Leaves
out: the pickles of the model zoo and of pycls, and the matching of names that differ.
"""

from typing import Any

import torch
from fvcore.common.checkpoint import Checkpointer
from torch import nn

from ..utils import comm
from ..utils.develop import needs_detectron2
from ..utils.file_io import PathManager


class DetectionCheckpointer(Checkpointer):
    """
    fvcore's `Checkpointer`, written to by the main process alone; a bare state dict is read, too.

    Tensors that are missing, too many or of another shape are skipped with a warning. A file holds
    tensors and plain containers; what else a pickle may hold is refused.
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
