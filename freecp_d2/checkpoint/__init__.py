"""
Pretrained weights: find, download, check and read them.

| file | what |
|---|---|
| `catalogue.yaml`, `catalogue.py` | all weights; size and SHA-256 of a file; the embedded CLIP |
| `finding.py` | name, path, URL or hub address -> a file on this machine |
| `download.py` | URL -> file |
| `hub.py` | Hugging Face repository -> file or folder in its cache |
| `reading.py` | file -> tensors |
| `fitting.py` | the kind of a model by its tensors; loading without misfits |
| `transformers_folders.py` | folder -> a model of the library transformers |

It imports nothing that needs torch, for `freecp weights`: see `reading` and `fitting`.
"""

from .catalogue import WeightsEntry, load_catalogue
from .finding import find_weights, weights_dir

__all__ = ["WeightsEntry", "find_weights", "load_catalogue", "weights_dir"]
