"""
One path manager for this project, from iopath.

Counterpart of `detectron2/utils/file_io.py`: a manager of our own, so that handlers registered by
other libraries cannot change how our paths open. Leaves out: the `detectron2://` handler (the model
zoo) and the OneDrive handler.
"""

from iopath.common.file_io import HTTPURLHandler, PathHandler
from iopath.common.file_io import PathManager as _PathManager

__all__ = ["PathHandler", "PathManager"]

PathManager = _PathManager()
PathManager.register_handler(HTTPURLHandler())
