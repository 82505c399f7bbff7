"""
Pretrained weights: where they come from, whether they are the right ones, how they are read.

| file | what |
|---|---|
| `catalogue.yaml`, `catalogue.py` | name -> source, licence, size, SHA-256 |
| `finding.py` | a name, path, URL or hub name -> a file on this machine |
| `download.py` | a URL -> a file, resumed, checked, atomic |
| `hub.py` | a repository on Hugging Face -> a file or folder in its cache |
| `checking.py` | is this the file that it should be? |
| `reading.py` | a file -> tensors, never code |

On the command line: `python -m freecp_d2.weights list|fetch|verify|where`.
"""

from .catalogue import WeightsEntry, load_catalogue
from .finding import find_weights, weights_dir
from .reading import read_state_dict

__all__ = ["WeightsEntry", "find_weights", "load_catalogue", "read_state_dict", "weights_dir"]
