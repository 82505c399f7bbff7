"""
The path manager, from iopath.

Counterpart of `detectron2/utils/file_io.py`. It is separate from iopath's global one, so that
handlers of other libraries do not affect it. Leaves out: the `detectron2://` and OneDrive handlers.
"""

from iopath.common.file_io import HTTPURLHandler
from iopath.common.file_io import PathManager as _PathManager

PathManager = _PathManager()
PathManager.register_handler(HTTPURLHandler())
